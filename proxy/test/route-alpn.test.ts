// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new WorkerSetups();
afterEach(() => setups.close());

async function serve(host: Partial<TestHost>): Promise<TestWorker> {
  const upstream = host.mode === 'tcp' ? '127.0.0.1:1' : 'http://127.0.0.1:1';
  const worker = await startWorker([{ hostname: HOST, upstream, ...host }]);
  setups.closers.push(() => worker.close());
  return worker;
}

function dial(worker: TestWorker, ALPNProtocols: string[]): TLSSocket {
  const to = { host: '127.0.0.1', port: worker.port, servername: HOST };
  const socket = connect({ ...to, rejectUnauthorized: false, ALPNProtocols });
  setups.closers.push(() => void socket.destroy());
  socket.on('error', () => undefined);
  return socket;
}

async function agreed(worker: TestWorker, offered: string[]): Promise<string | false | null> {
  const socket = dial(worker, offered);
  await once(socket, 'secureConnect');
  return socket.alpnProtocol;
}

describe('a host that is limited to some protocols', () => {
  it('agrees to these alone', async () => {
    const worker = await serve({ alpn: ['http/1.1'] });
    expect(await agreed(worker, ['h2', 'http/1.1'])).toBe('http/1.1');
    expect(await agreed(worker, [])).toBe(false);
    const [error] = (await once(dial(worker, ['h2']), 'error')) as [Error];
    expect(error.message).toContain('no application protocol');
    await waitFor(() => worker.reports.length > 0, SOON);
    expect(worker.reports).toMatchObject([{ code: 'ERR_PROXY_HANDSHAKE_FAILED' }]);
  });

  it('takes no HTTP/1.1 for granted', async () => {
    const worker = await serve({ alpn: ['h2'] });
    expect(await agreed(worker, ['http/1.1', 'h2'])).toBe('h2');
    await once(dial(worker, []), 'close');
    await waitFor(() => worker.reports.length > 0, SOON);
    expect(worker.reports).toMatchObject([{ code: 'ERR_PROXY_ALPN', host: HOST }]);
  });

  it('can be limited anew, under the same identity', async () => {
    const worker = await serve({ alpn: ['http/1.1'] });
    const upstream = 'http://127.0.0.1:1';
    worker.apply([{ hostname: HOST, upstream, alpn: ['h2'] }]);
    expect(await agreed(worker, ['http/1.1', 'h2'])).toBe('h2');
  });

  it('speaks for the upstream of a tcp route', async () => {
    const worker = await serve({ mode: 'tcp', alpn: ['postgresql'] });
    expect(await agreed(worker, ['postgresql'])).toBe('postgresql');
    expect(await agreed(await serve({ mode: 'tcp' }), ['postgresql'])).toBe(false);
  });
});
