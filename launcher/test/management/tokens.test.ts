// SPDX-License-Identifier: Apache-2.0
import { createHmac } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import {
  KEYS_COOLDOWN_MS,
  KEYS_FRESH_MS,
  KEYS_STALE_MS,
} from '../../src/management/oidc/issuer-keys.ts';
import { RemoteCallers } from '../../src/management/remote-callers.ts';
import { apiStage, type ApiStage } from './api-stage.ts';
import { MANAGER, MONITORING, type TokenWish } from './oidc-issuer.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const STATUS = '/api/v1/status';

/** What a token gets from an endpoint for monitoring. */
async function outcomeOf(stage: ApiStage, token: string): Promise<string> {
  const { status, text } = await stage.remote('GET', STATUS, { token });
  return status === 200 ? 'accepted' : (JSON.parse(text) as { code: string }).code;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384'])(
    'may be signed with %s',
    async (alg) => {
      const stage = await apiStage({ alg });
      expect(await outcomeOf(stage, await stage.issuer.token())).toBe('accepted');
    },
  );

  test.each(['ES512', 'EdDSA'])('may not be signed with %s', async (alg) => {
    const stage = await apiStage({ alg });
    expect(await outcomeOf(stage, await stage.issuer.token())).toBe('ERR_LAUNCHER_TOKEN_INVALID');
  });

  test('counts only as the issuer signed it', async () => {
    const stage = await apiStage();
    const good = await stage.issuer.token();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = (newHeader: object, newClaims: object, secret?: string): string => {
      const signed = `${encode(newHeader)}.${encode(newClaims)}`;
      if (secret === undefined) return `${signed}.${signature}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    const publicKey = JSON.stringify(await (await fetch(`${stage.issuer.url}/keys`)).json());
    const cases: readonly string[] = [
      forged({ alg: 'none' }, claims).replace(signature, ''),
      forged({ alg: 'HS256', kid: 'key-1' }, claims, publicKey),
      `${header}.${encode({ ...claims, sub: 'mallory' })}.${signature}`,
      good.slice(0, -4),
      `${header}.${payload}`,
      'no-token',
    ];
    for (const token of cases) {
      expect(await outcomeOf(stage, token)).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    }
    expect(await outcomeOf(stage, good)).toBe('accepted');
  });

  test.each<[what: string, wish: (now: number, issuer: string) => TokenWish, accepted: boolean]>([
    ['an audience among others', () => ({ claims: { aud: ['x', 'enclave-os-virtual'] } }), true],
    ['another audience', () => ({ claims: { aud: 'enclave-os' } }), false],
    ['no audience', () => ({ claims: { aud: undefined } }), false],
    ['an issuer with a slash', (_, iss) => ({ claims: { iss: `${iss}/` } }), false],
    ['another issuer', () => ({ claims: { iss: 'https://id.example.com' } }), false],
    ['no issuer', () => ({ claims: { iss: undefined } }), false],
    ['an end within the tolerance', (now) => ({ claims: { exp: now - 9 } }), true],
    ['an end that has passed', (now) => ({ claims: { exp: now - 11 } }), false],
    ['no end', () => ({ claims: { exp: undefined } }), false],
    ['an end that is no number', () => ({ claims: { exp: 'never' } }), false],
    ['a beginning within the tolerance', (now) => ({ claims: { nbf: now + 9 } }), true],
    ['a beginning in the future', (now) => ({ claims: { nbf: now + 11 } }), false],
    ['nobody', () => ({ claims: { sub: undefined } }), false],
    ['an empty name', () => ({ claims: { sub: '' } }), false],
    ['the type of an access token', () => ({ header: { typ: 'at+jwt' } }), true],
    ['no type', () => ({ header: { typ: undefined } }), true],
    ['the type of a logout token', () => ({ header: { typ: 'logout+jwt' } }), false],
    ['a critical header that we do not know', () => ({ header: { crit: ['x'], x: 1 } }), false],
  ])('with %s', async (_what, wish, accepted) => {
    const stage = await apiStage();
    const { issuer, time } = stage;
    const token = await issuer.token(wish(time / 1_000, issuer.url));
    expect(await outcomeOf(stage, token)).toBe(
      accepted ? 'accepted' : 'ERR_LAUNCHER_TOKEN_INVALID',
    );
  });

  test('is refused in words that do not repeat it', async () => {
    const stage = await apiStage();
    const token = await stage.issuer.token({ claims: { exp: 1, sub: 'a-name-to-look-for' } });
    const { text, headers, problem } = await stage.remote('GET', STATUS, { token });
    expect(problem.detail).toContain('it has expired');
    expect(headers['www-authenticate']).toBe('Bearer realm="proofgate", error="invalid_token"');
    expect(text + JSON.stringify(stage.log)).not.toMatch(/a-name-to-look-for|eyJ/);
  });
});

describe('the roles', () => {
  test.each<[claims: Record<string, unknown>, role: 'manager' | 'monitoring' | 'none']>([
    [{ roles: [MONITORING] }, 'monitoring'],
    [{ roles: ['x', MANAGER] }, 'manager'],
    [{ roles: undefined, realm_access: { roles: [MANAGER] } }, 'manager'],
    [{ roles: undefined, 'urn:zitadel:roles': { [MONITORING]: { org: '1' } } }, 'monitoring'],
    [{ roles: undefined, 'urn:zitadel:roles': [MANAGER] }, 'manager'],
    [{ roles: [] }, 'none'],
    [{ roles: MANAGER }, 'none'],
    [{ roles: [{ name: MANAGER }] }, 'none'],
    [{ roles: [MANAGER.toUpperCase()] }, 'none'],
    [{ roles: undefined, realm_access: null }, 'none'],
    [{ roles: undefined, resource_access: { roles: [MANAGER] } }, 'none'],
  ])('%j', async (claims, role) => {
    const stage = await apiStage({ oidc: { role_claim: 'urn:zitadel:roles' } });
    const token = await stage.issuer.token({ claims });
    const looked = await stage.remote('GET', STATUS, { token });
    const changed = await stage.remote('DELETE', '/api/v1/containers/app', { token });
    if (role === 'none') {
      expect(looked.problem).toMatchObject({ status: 401, code: 'ERR_LAUNCHER_TOKEN_NO_ROLE' });
      return;
    }
    expect(looked.status).toBe(200);
    if (role === 'manager') expect(changed.status).toBe(200);
    else {
      expect(changed.problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_ROLE_REFUSED' });
      expect(changed.headers['www-authenticate']).toContain('insufficient_scope');
    }
  });

  test('are named by the config file', async () => {
    const stage = await apiStage({ oidc: { manager_role: 'boss', audience: 'vm' } });
    const token = await stage.issuer.token({ claims: { aud: 'vm', roles: ['boss'] } });
    expect((await stage.remote('DELETE', '/api/v1/containers/app', { token })).status).toBe(200);
    expect(await outcomeOf(stage, await stage.issuer.token({ claims: { aud: 'vm' } }))).toBe(
      'ERR_LAUNCHER_TOKEN_NO_ROLE',
    );
  });
});

describe('the keys of the issuer', () => {
  test('are asked for once, whatever arrives at the same time', async () => {
    const stage = await apiStage();
    const token = await stage.issuer.token();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(stage, token)));
    expect(new Set(outcomes)).toEqual(new Set(['accepted']));
    expect(stage.issuer.keyRequests).toBe(1);
  });

  test('are asked for again when a token names a new one, but not before the cooldown', async () => {
    const stage = await apiStage();
    const { issuer } = stage;
    expect(await outcomeOf(stage, await issuer.token())).toBe('accepted');
    const kid = await issuer.addKey('RS256');
    const rotated = await issuer.token({ kid });
    const unknown = await issuer.token({ header: { kid: 'no-such-key' } });
    expect(await outcomeOf(stage, rotated)).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    for (let index = 0; index < 5; index += 1) {
      expect(await outcomeOf(stage, unknown)).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    }
    expect(issuer.keyRequests).toBe(1);
    stage.time += KEYS_COOLDOWN_MS;
    expect(await outcomeOf(stage, rotated)).toBe('accepted');
    expect(await outcomeOf(stage, await issuer.token({ kid: 'key-1' }))).toBe('accepted');
    expect(issuer.keyRequests).toBe(2);
    stage.time += KEYS_COOLDOWN_MS;
    expect(await outcomeOf(stage, unknown)).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    expect(await outcomeOf(stage, unknown)).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    expect(issuer.keyRequests).toBe(3);
  });

  test('that have been withdrawn count no longer once the others were looked at', async () => {
    const stage = await apiStage();
    const { issuer } = stage;
    const kid = await issuer.addKey('ES384');
    expect(await outcomeOf(stage, await issuer.token({ kid: 'key-1' }))).toBe('accepted');
    issuer.withdraw('key-1');
    stage.time += KEYS_FRESH_MS;
    expect(await outcomeOf(stage, await issuer.token({ kid: 'key-1' }))).toBe(
      'ERR_LAUNCHER_TOKEN_INVALID',
    );
    expect(await outcomeOf(stage, await issuer.token({ kid }))).toBe('accepted');
  });

  test('are used for an hour while the issuer is down, and no longer', async () => {
    const stage = await apiStage();
    const { issuer } = stage;
    expect(await outcomeOf(stage, await issuer.token())).toBe('accepted');
    issuer.answers.set('/keys', (response) => response.writeHead(503).end());
    stage.time += KEYS_STALE_MS - 1;
    expect(await outcomeOf(stage, await issuer.token())).toBe('accepted');
    stage.time += 1;
    const refused = await stage.remote('GET', STATUS);
    expect(refused.problem).toMatchObject({ status: 503, code: 'ERR_LAUNCHER_ISSUER_UNAVAILABLE' });
    expect(refused.headers['retry-after']).toBe('5');
    issuer.answers.clear();
    stage.time += KEYS_COOLDOWN_MS;
    expect(await outcomeOf(stage, await issuer.token())).toBe('accepted');
  });

  test.each<[what: string, path: string, body: string, code: string]>([
    ['other issuer', 'discovery', '{"issuer":"https://x","jwks_uri":"https://x/"}', 'INVALID'],
    ['plain HTTP', 'discovery', '{"issuer":"ISSUER","jwks_uri":"http://id.example/k"}', 'INVALID'],
    ['no key set', 'discovery', '{"issuer":"ISSUER"}', 'INVALID'],
    ['a list', 'discovery', '[]', 'INVALID'],
    ['keys that are none', '/keys', '{"keys":"all"}', 'INVALID'],
    ['too many keys', '/keys', `{"keys":[${'{},'.repeat(64)}{}]}`, 'INVALID'],
    ['no JSON', '/keys', '<html>', 'UNAVAILABLE'],
    ['too much', '/keys', `"${'x'.repeat(262_144)}"`, 'UNAVAILABLE'],
  ])('are not taken from an issuer with %s', async (_what, path, body, code) => {
    const stage = await apiStage();
    const { issuer } = stage;
    const place = path === 'discovery' ? '/.well-known/openid-configuration' : path;
    issuer.answers.set(place, (response) => response.end(body.replace('ISSUER', issuer.url)));
    expect(await outcomeOf(stage, await issuer.token())).toBe(`ERR_LAUNCHER_ISSUER_${code}`);
  });

  test('are not taken from where a redirect leads', async () => {
    const stage = await apiStage();
    const { issuer } = stage;
    issuer.answers.set('/keys', (response) =>
      response.writeHead(302, { location: '/other' }).end(),
    );
    issuer.answers.set('/other', (response) => response.end('{"keys":[]}'));
    expect(await outcomeOf(stage, await issuer.token())).toBe('ERR_LAUNCHER_ISSUER_UNAVAILABLE');
    expect(issuer.requests).not.toContain('/other');
  });

  test('do not include secrets that both sides know', async () => {
    const stage = await apiStage();
    const { issuer } = stage;
    const secret = Buffer.from('a secret that is long enough for 256 bits').toString('base64url');
    issuer.answers.set('/keys', (response) => {
      response.end(JSON.stringify({ keys: [{ kty: 'oct', k: secret, kid: 'key-1' }] }));
    });
    expect(await outcomeOf(stage, await issuer.token())).toBe('ERR_LAUNCHER_TOKEN_INVALID');
  });

  test.each(['http://id.example.com', 'https://user:secret@id.example.com', 'ftp://x', 'nothing'])(
    'cannot be those of %s',
    (issuer) => {
      const oidc = {
        issuer,
        audience: 'a',
        role_claim: 'r',
        manager_role: 'm',
        monitoring_role: 'n',
      };
      const create = (): unknown => new RemoteCallers({ oidc });
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_LAUNCHER_ISSUER_INVALID' }));
    },
  );
});

describe('somebody without a role of this VM', () => {
  test('is still somebody, with the roles that the token has', async () => {
    const { issuer, time } = await apiStage();
    const oidc = { issuer: issuer.url, audience: 'enclave-os-virtual', role_claim: 'roles' };
    const callers = new RemoteCallers({
      oidc: { ...oidc, manager_role: MANAGER, monitoring_role: MONITORING },
      now: () => time,
    });
    const claims = { sub: 'owner-1', roles: ['enclave-os-virtual:app:1:owner'] };
    const authorization = `Bearer ${await issuer.token({ claims })}`;
    expect(callers.audience).toBe('enclave-os-virtual');
    const caller = await callers.identify({ authorization });
    expect(caller).toEqual({ subject: 'owner-1', roles: new Set(claims.roles) });
    await expect(callers.holderOf({ authorization })).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_TOKEN_NO_ROLE',
    });
    await expect(callers.identify({})).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_TOKEN_MISSING',
    });
    await expect(callers.identify({ authorization: 'Bearer a.b.c' })).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_TOKEN_INVALID',
    });
  });
});
