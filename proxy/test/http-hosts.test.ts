// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { answerTo, ask, oneConnection, target } from './https-client.ts';
import type { TestHost, TestWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const setups = new WorkerSetups();
afterEach(() => setups.close());

describe('limits', () => {
  it('refuse content that grows above its limit', async () => {
    const { worker } = await setups.http((incoming) => incoming.resume(), {
      limits: { bodyBytes: 1_000 },
    });
    const outgoing = request(target(worker.port, HOST, { method: 'POST' }));
    outgoing.on('error', () => undefined);
    const answer = answerTo(outgoing);
    outgoing.write(Buffer.alloc(1_000));
    outgoing.write(Buffer.alloc(1));
    expect(await answer).toMatchObject({ status: 413 });
    expect(JSON.parse((await answer).body)).toMatchObject({
      code: 'ERR_PROXY_REQUEST_BODY_TOO_LARGE',
    });
  });

  it('admit content of exactly the limit', async () => {
    const { worker } = await setups.http((incoming, outgoing) => incoming.pipe(outgoing), {
      limits: { bodyBytes: 1_000 },
    });
    const outgoing = request(target(worker.port, HOST, { method: 'POST' }));
    const answer = answerTo(outgoing);
    outgoing.end(Buffer.alloc(1_000));
    expect((await answer).body).toHaveLength(1_000);
  });

  it('answer 408 when content takes too long', async () => {
    const { worker } = await setups.http((incoming) => incoming.resume(), {
      limits: { requestTimeoutMs: 200 },
    });
    const outgoing = request(target(worker.port, HOST, { method: 'POST' }));
    outgoing.on('error', () => undefined);
    outgoing.write('x');
    expect(await answerTo(outgoing)).toMatchObject({ status: 408 });
  });

  it('answer 504 when the upstream does not answer', async () => {
    const { worker } = await setups.http(() => undefined, { limits: { responseTimeoutMs: 200 } });
    const answer = await ask(target(worker.port, HOST));
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_TIMEOUT' });
  });

  it('break off an answer that stands still', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.write('x'), {
      limits: { idleTimeoutMs: 200 },
    });
    await expect(ask(target(worker.port, HOST))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a host that changes', () => {
  it('is routed anew on an open connection', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('old'));
    const other = await startHttpUpstream((_incoming, outgoing) => outgoing.end('new'));
    setups.closers.push(() => other.close());
    const agent = oneConnection();
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('old');
    worker.apply([{ hostname: HOST, upstream: other.upstream, generation: 1 }]);
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('new');
    agent.destroy();
  });

  it.each([
    [
      'runs another workload',
      (upstream: string) => [{ hostname: HOST, upstream, workload: 'another', generation: 1 }],
    ],
    [
      'is a tcp route',
      (upstream: string) => [
        { hostname: HOST, mode: 'tcp' as const, upstream: new URL(upstream).host },
      ],
    ],
    ['is gone', () => []],
  ])('sends old connections away when it %s', async (_case, next) => {
    const { worker, upstream } = await setups.http((_incoming, outgoing) => outgoing.end('ok'));
    const agent = oneConnection();
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('ok');
    worker.apply(next(upstream.upstream));
    const answer = await ask(target(worker.port, HOST, { agent }));
    expect(answer.status).toBe(421);
    expect(answer.headers.connection).toBe('close');
    agent.destroy();
  });
});

describe('a workload that has a successor', () => {
  const replace = async (
    answer = 'new',
  ): Promise<{ worker: TestWorker; next: TestHost; upstream: HttpUpstream }> => {
    const { worker, upstream } = await setups.http((_incoming, outgoing) => outgoing.end('old'));
    const other = await startHttpUpstream((_incoming, outgoing) => outgoing.end(answer));
    setups.closers.push(() => other.close());
    const next = {
      hostname: HOST,
      upstream: other.upstream,
      workload: 'another',
      generation: 1,
      retiring: { workload: 'app', upstream: upstream.upstream },
    };
    return { worker, next, upstream };
  };

  it('answers on the connections that were proved with it, which then end', async () => {
    const { worker, next } = await replace();
    const agent = oneConnection();
    const first = await ask(target(worker.port, HOST, { agent }));
    expect(first.body).toBe('old');
    expect(first.headers.connection).toBeUndefined();
    worker.apply([next]);
    const second = await ask(target(worker.port, HOST, { agent }));
    expect(second).toMatchObject({ status: 200, body: 'old', headers: { connection: 'close' } });
    // The agent opens another connection, which is proved with the new one.
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('new');
    agent.destroy();
  });

  it('answers on no connection any more once it is gone, and idle ones are closed', async () => {
    const { worker, next } = await replace();
    const agent = oneConnection();
    await ask(target(worker.port, HOST, { agent }));
    const [socket] = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
    const closed = once(socket!, 'close');
    worker.apply([next]);
    const { retiring: _gone, ...alone } = next;
    worker.apply([alone]);
    await closed;
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('new');
    agent.destroy();
  });

  it('answers on no connection that was proved with another one', async () => {
    const { worker, next, upstream } = await replace();
    const agent = oneConnection();
    await ask(target(worker.port, HOST, { agent }));
    worker.apply([{ ...next, retiring: { workload: 'third', upstream: upstream.upstream } }]);
    expect((await ask(target(worker.port, HOST, { agent }))).status).toBe(421);
    agent.destroy();
  });
});

describe('the evidence endpoint', () => {
  const document = Buffer.from('{"version":1}');

  it('answers with the document of the connection, also after the identity was replaced', async () => {
    const { worker, upstream } = await setups.http(
      (_incoming, outgoing) => outgoing.end('upstream'),
      {
        document,
      },
    );
    const agent = oneConnection();
    const path = '/.well-known/attestation';
    const first = await ask(target(worker.port, HOST, { agent, path }));
    expect(first).toMatchObject({ status: 200, body: '{"version":1}' });
    expect(first.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '13',
      'cache-control': 'no-store',
      vary: 'Accept',
    });
    worker.apply([
      {
        hostname: HOST,
        upstream: upstream.upstream,
        generation: 1,
        document: Buffer.from('{"version":2}'),
      },
    ]);
    expect((await ask(target(worker.port, HOST, { agent, path }))).body).toBe('{"version":1}');
    expect((await ask(target(worker.port, HOST, { path: `${path}?x=1` }))).body).toBe(
      '{"version":2}',
    );
    expect((await ask(target(worker.port, HOST, { path: `${path}/x` }))).body).toBe('upstream');
    agent.destroy();
  });

  it('refuses other methods and stays in step', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('ok'), { document });
    const agent = oneConnection();
    const answer = await ask(
      target(worker.port, HOST, { agent, path: '/.well-known/attestation', method: 'PUT' }),
      'body',
    );
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('ok');
    agent.destroy();
  });
});
