// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest } from 'node:http';
import { link, lstat, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, test } from 'vitest';
import { isRoot } from '../fixtures.ts';
import { CALLERS, configuredApp } from './configured-app.ts';
import { CONFIG_API, gated, type Sent } from './gated.ts';
import { container, runOf, socketStage } from './stage.ts';

const WITHIN = { timeoutMs: 5_000 };

describe('a configuration', () => {
  test.each([200, 201, 204, 299])('that is answered with %i opens the rest', async (status) => {
    const { app, send, endpoint } = await gated();
    app.answer = (_, response) => response.writeHead(status).end();
    expect((await send()).status).toBe(status);
    expect(endpoint.configure?.open).toBe(true);
  });

  test.each([301, 400, 404, 500, 503])('that is answered with %i does not', async (status) => {
    const { app, send, endpoint } = await gated();
    app.answer = (_, response) => response.writeHead(status, { 'x-why': 'no' }).end('no');
    expect(await send()).toMatchObject({ status, body: 'no', headers: { 'x-why': 'no' } });
    expect(endpoint.configure?.open).toBe(false);
  });

  test('reaches the container as it was sent, but for the token', async () => {
    const { app, send } = await gated();
    await send({
      headers: { 'x-custom': 'kept', cookie: 'a=b', 'content-type': 'application/json' },
      body: 'x'.repeat(300_000),
    });
    const [seen] = app.seen;
    expect(seen?.body).toHaveLength(300_000);
    expect(seen?.headers).toMatchObject({
      host: 'web.example.com',
      'x-custom': 'kept',
      cookie: 'a=b',
      'content-type': 'application/json',
    });
    expect(seen?.headers).not.toHaveProperty('authorization');
  });

  test('without content has none', async () => {
    const { app, send } = await gated();
    await send({ body: '', headers: { 'content-length': '0' } });
    expect(app.seen[0]).toMatchObject({ body: '', headers: { 'content-length': '0' } });
  });

  test('that waits to be asked for is asked for only once it may pass', async () => {
    const { endpoint, app } = await gated();
    const ask = (token: string): Promise<{ continued: boolean; status: number }> =>
      new Promise((resolve, reject) => {
        let continued = false;
        const outgoing = httpRequest(
          {
            socketPath: endpoint.configure?.upstream.slice('unix:'.length),
            method: 'PUT',
            path: '/configure',
            agent: false,
            headers: {
              authorization: `Bearer ${token}`,
              expect: '100-continue',
              'content-length': 2,
            },
          },
          (response) => {
            response.resume();
            resolve({ continued, status: response.statusCode ?? 0 });
            outgoing.destroy();
          },
        );
        outgoing.on('continue', () => {
          continued = true;
          outgoing.end('hi');
        });
        outgoing.on('error', reject);
        outgoing.flushHeaders();
      });
    expect(await ask('bob')).toEqual({ continued: false, status: 403 });
    expect(await ask('alice')).toEqual({ continued: true, status: 200 });
    expect(app.seen[0]?.body).toBe('hi');
  });

  test('is the only one at a time', async () => {
    const { app, send, endpoint } = await gated();
    const held: (() => void)[] = [];
    app.answer = (_, response) => {
      held.push(() => response.end());
    };
    const first = send();
    await waitFor(() => held.length === 1, WITHIN);
    const second = await send();
    expect(second.status).toBe(409);
    expect(JSON.parse(second.body)).toMatchObject({ code: 'ERR_LAUNCHER_CONFIGURE_BUSY' });
    // Who may not configure is not told even that.
    expect((await send({ token: 'bob' })).status).toBe(403);
    held[0]?.();
    expect((await first).status).toBe(200);
    expect(app.seen).toHaveLength(1);
    expect(endpoint.configure?.open).toBe(true);
    const third = send();
    await waitFor(() => held.length === 2, WITHIN);
    held[1]?.();
    expect((await third).status).toBe(200);
  });

  test.each<[string, Partial<Sent>]>([
    ['another method', { method: 'POST' }],
    ['another path', { path: '/configure/' }],
    ['a query', { path: '/configure?x' }],
    ['another spelling', { path: '/%63onfigure' }],
  ])('with %s is not passed on, even if the proxy sent it', async (_, change) => {
    const { app, send } = await gated();
    expect((await send(change)).status).toBe(400);
    expect(app.seen).toEqual([]);
  });

  test('that the container breaks off is no success', async () => {
    const { app, send, endpoint } = await gated();
    app.answer = (_, response) => response.destroy();
    const answer = await send();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_LAUNCHER_CONFIGURE_UNAVAILABLE' });
    expect(endpoint.configure?.open).toBe(false);
  });

  test('that the client breaks off does not look whole to the container', async () => {
    const { app, endpoint, send } = await gated();
    const outgoing = httpRequest({
      socketPath: endpoint.configure?.upstream.slice('unix:'.length),
      method: 'PUT',
      path: '/configure',
      agent: false,
      headers: { authorization: 'Bearer alice', 'content-length': 100 },
    });
    outgoing.on('error', () => undefined);
    outgoing.write('half');
    await waitFor(() => app.heads() === 1, WITHIN);
    outgoing.destroy();
    // The next one is let in once the gate has noticed.
    await waitFor(async () => (await send()).status === 200, WITHIN);
    expect(app.seen).toHaveLength(1);
    expect(app.seen[0]?.body).toBe('{"secret":1}');
  });

  test('waits for a container that runs', async () => {
    const { run, send, sockets, measured, app } = await gated();
    await run.end();
    await waitFor(async () => (await send()).status === 503, WITHIN);
    await sockets.give(measured);
    expect((await send()).status).toBe(503);
    await sockets.started(measured, runOf('web-2', app.port).instance);
    expect((await send()).status).toBe(200);
  });
});

describe('the rest of a container', () => {
  test('waits again when the container is restarted', async () => {
    const { run, send, endpoint, sockets, measured, app, stage } = await gated();
    await send();
    await run.end();
    await waitFor(() => endpoint.configure?.open === false, WITHIN);
    expect(stage.changes()).toBe(2);
    await sockets.give(measured);
    await sockets.started(measured, runOf('web-2', app.port).instance);
    expect(endpoint.configure?.open).toBe(false);
    await send();
    expect(endpoint.configure?.open).toBe(true);
  });

  test('stays shut when the container is restarted while it is configured', async () => {
    const { send, endpoint, sockets, measured, app } = await gated();
    const held: (() => void)[] = [];
    app.answer = (_, response) => {
      held.push(() => response.end());
    };
    const sent = send();
    await waitFor(() => held.length === 1, WITHIN);
    await sockets.give(measured);
    await sockets.started(measured, runOf('web-2', app.port).instance);
    held[0]?.();
    expect((await sent).status).toBe(200);
    expect(endpoint.configure?.open).toBe(false);
  });

  test('stays open under the next launcher, if the container goes on', async () => {
    const { send, sockets, measured, app, stage } = await gated();
    await send();
    await sockets.close();
    const after = await stage.open({ callers: CALLERS });
    await after.adopted(measured, runOf('web-1', app.port).instance);
    expect(after.find(measured)?.configure?.open).toBe(true);
    await after.close();
    const later = await stage.open({ callers: CALLERS });
    await later.adopted(measured, runOf('web-2', app.port).instance);
    expect(later.find(measured)?.configure?.open).toBe(false);
  });

  test('never waits when the configuration is optional', async () => {
    const fields = { owners: ['alice'], config_api: { ...CONFIG_API, optional: true } };
    const { endpoint, send, stage } = await gated(fields);
    expect(endpoint.configure?.open).toBe(true);
    expect(endpoint.awaitsConfiguration).toBe(false);
    expect((await send({ token: 'bob' })).status).toBe(403);
    expect((await send()).status).toBe(200);
    expect(stage.changes()).toBe(0);
  });

  test('is open for the proxy before the answer is given', async () => {
    const stage = await socketStage();
    let tell: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const sockets = await stage.open({ callers: CALLERS, superseded: () => told });
    const app = await configuredApp();
    const measured = container({ config_api: CONFIG_API, owners: ['alice'] });
    await sockets.give(measured);
    await sockets.started(measured, runOf('web-1', app.port).instance);
    const endpoint = sockets.find(measured)!;
    let answered = false;
    const status = new Promise((resolve, reject) => {
      httpRequest(
        {
          socketPath: endpoint.configure!.upstream.slice('unix:'.length),
          method: 'PUT',
          path: '/configure',
          agent: false,
          headers: { authorization: 'Bearer alice' },
        },
        (response) => {
          answered = true;
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    await waitFor(() => endpoint.configure?.open, WITHIN);
    expect(answered).toBe(false);
    tell();
    expect(await status).toBe(200);
  });
});

describe('the socket of a gate', () => {
  test('is for the proxy alone, and goes with the version', async () => {
    const { stage, sockets, measured, endpoint } = await gated();
    const path = endpoint.configure?.upstream.slice('unix:'.length) ?? '';
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
    await sockets.remove(measured);
    expect(await readdir(join(stage.runDir, 'gate'))).toEqual([]);
  });

  test('that a launcher left when it was killed is replaced', async () => {
    const { stage, sockets, measured, endpoint } = await gated();
    const path = endpoint.configure?.upstream.slice('unix:'.length) ?? '';
    await link(path, `${path}.left`);
    await sockets.close();
    await rename(`${path}.left`, path);
    const before = (await lstat(path)).ino;
    const next = await stage.open({ callers: CALLERS });
    await next.give(measured);
    expect((await lstat(path)).ino).not.toBe(before);
    expect(await readdir(join(stage.runDir, 'gate'))).toHaveLength(1);
  });

  test.runIf(isRoot)('lets the group of the workers in', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ workerGid: 5_432 });
    const measured = container({ config_api: CONFIG_API });
    await sockets.give(measured);
    const path = sockets.find(measured)!.configure!.upstream.slice('unix:'.length);
    for (const [place, mode] of [
      [path, 0o660],
      [dirname(path), 0o750],
    ] as const) {
      const found = await lstat(place);
      expect([found.uid, found.gid, found.mode & 0o777]).toEqual([0, 5_432, mode]);
    }
  });
});
