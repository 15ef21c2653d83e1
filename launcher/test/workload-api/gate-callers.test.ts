// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { APP_ID } from './configured-app.ts';
import { gated } from './gated.ts';

describe('whoever configures a container', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['is named among the owners', { owners: ['zoe', 'alice'] }, 'alice'],
    ['owns the application', { app_id: APP_ID }, 'bob'],
    ['administers the application', { app_id: APP_ID, owners: ['alice'] }, 'carol'],
  ])('%s', async (_, fields, token) => {
    const { endpoint, app, stage, send } = await gated(fields);
    expect(endpoint.configure?.open).toBe(false);
    expect(endpoint.awaitsConfiguration).toBe(true);
    expect(await send({ token })).toMatchObject({ status: 200, body: 'done' });
    expect(app.seen.map(({ line, body }) => [line, body])).toEqual([
      ['PUT /configure', '{"secret":1}'],
    ]);
    expect(endpoint.configure?.open).toBe(true);
    expect(endpoint.awaitsConfiguration).toBe(false);
    expect(stage.changes()).toBe(1);
  });

  test.each<[string, Readonly<Record<string, unknown>>, string, number, string]>([
    ['has no token', { owners: ['alice'] }, '', 401, 'ERR_LAUNCHER_TOKEN_MISSING'],
    ['has a token of nobody', { owners: ['alice'] }, 'mallory', 401, 'ERR_LAUNCHER_TOKEN_INVALID'],
    ['is somebody else', { owners: ['alice'] }, 'bob', 403, 'ERR_LAUNCHER_CONFIGURE_REFUSED'],
    [
      'manages the VM',
      { owners: ['alice'], app_id: APP_ID },
      'manager',
      403,
      'ERR_LAUNCHER_CONFIGURE_REFUSED',
    ],
    [
      'owns another application',
      { app_id: APP_ID },
      'neighbour',
      403,
      'ERR_LAUNCHER_CONFIGURE_REFUSED',
    ],
    ['has roles elsewhere', { app_id: APP_ID }, 'stranger', 403, 'ERR_LAUNCHER_CONFIGURE_REFUSED'],
    [
      'has almost the name',
      { owners: ['alice'], app_id: APP_ID },
      'capitals',
      403,
      'ERR_LAUNCHER_CONFIGURE_REFUSED',
    ],
    ['is anybody, and no owner is named', {}, 'alice', 403, 'ERR_LAUNCHER_CONFIGURE_REFUSED'],
    [
      'cannot be known just now',
      { owners: ['alice'] },
      'outage',
      503,
      'ERR_LAUNCHER_ISSUER_UNAVAILABLE',
    ],
    ['meets a mistake of ours', { owners: ['alice'] }, 'bug', 500, 'ERR_INTERNAL'],
  ])('is refused who %s', async (_, fields, token, status, code) => {
    const { endpoint, app, send, log } = await gated(fields);
    const answer = await send({ token });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
    expect(answer.body).not.toContain('secret of the launcher');
    expect(app.seen).toEqual([]);
    expect(endpoint.configure?.open).toBe(false);
    expect(log.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ audit: 'configure', workload: 'web', status }),
    );
  });

  test('is refused, whoever it is, when there is nobody to ask', async () => {
    const { send } = await gated({ owners: ['alice'], app_id: APP_ID }, 'nobody');
    const answer = await send();
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_LAUNCHER_CONFIGURE_REFUSED' });
  });

  test('is asked again each time, also after the container has been configured', async () => {
    const { app, send } = await gated();
    await send();
    expect((await send({ token: 'bob' })).status).toBe(403);
    expect((await send()).status).toBe(200);
    expect(app.seen).toHaveLength(2);
  });

  test('is on record, with what became of it and without what was sent', async () => {
    const { app, send, log } = await gated();
    app.answer = (_, response) => response.writeHead(422).end();
    await send();
    app.answer = (_, response) => response.writeHead(204).end();
    await send({ headers: { 'x-forwarded-for': '192.0.2.7' } });
    const records = log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ audit }) => audit === 'configure');
    expect(records).toMatchObject([
      { subject: 'alice', status: 422, opened: false },
      { subject: 'alice', status: 204, opened: true, peer: '192.0.2.7' },
    ]);
    expect(log.join('')).not.toMatch(/secret|Bearer/);
  });
});
