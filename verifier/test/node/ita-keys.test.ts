// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { itaKeys, type ItaKeySource } from '@proofgate/verifier/ita';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { type Changes, JWKS, JWKS_URL, outcome, stranger } from './ita-tokens.ts';

describe('the keys of Intel Trust Authority', () => {
  interface KeyServer {
    readonly url: string;
    readonly requests: string[];
  }

  async function serveKeys(answer: { body: string; status?: number }): Promise<KeyServer> {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.statusCode = answer.status ?? 200;
      if (answer.status === 302) response.setHeader('location', '/elsewhere');
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/certs`, requests };
  }

  async function judge(
    { url }: KeyServer,
    header: Changes = {},
    source: Partial<ItaKeySource> = {},
    keys = itaKeys({ jwksUrl: url, ...source }),
  ): Promise<string> {
    return outcome({ header: { jku: url, ...header } }, { keys });
  }

  it('are fetched once, from the configured URL alone', async () => {
    const server = await serveKeys({ body: JSON.stringify(JWKS) });
    const elsewhere = await serveKeys({ body: JSON.stringify({ keys: [stranger.jwk] }) });
    const keys = itaKeys({ jwksUrl: server.url });
    expect(await judge(server, {}, {}, keys)).toBe('accepted');
    expect(await judge(server, {}, {}, keys)).toBe('accepted');
    expect(await judge(server, { kid: 'unknown' }, {}, keys)).toBe('ERR_ITA_KEY');
    expect(await judge(server, { jku: elsewhere.url }, {}, keys)).toBe('ERR_ITA_KEY_URL');
    expect(server.requests).toEqual(['/certs']);
    expect(elsewhere.requests).toEqual([]);
  });

  it('come over the fetch that is given', async () => {
    const body = JSON.stringify(JWKS);
    const asked: string[] = [];
    const keys = itaKeys({
      jwksUrl: JWKS_URL,
      fetch: async (url, { redirect }) => {
        asked.push(`${url} ${redirect}`);
        return Promise.resolve(new Response(body));
      },
    });
    expect(await outcome({}, { keys })).toBe('accepted');
    expect(asked).toEqual([`${JWKS_URL} error`]);
  });

  it.each([
    ['an error', { body: '', status: 500 }],
    ['a redirect', { body: '', status: 302 }],
    ['no JSON', { body: '<html>' }],
    ['no key set', { body: '{"keys": 1}' }],
    ['too much', { body: `${JSON.stringify(JWKS)}${' '.repeat(300_000)}` }],
  ])('are unavailable when the answer is %s', async (_what, answer) => {
    const server = await serveKeys(answer);
    expect(await judge(server)).toBe('ERR_ITA_KEYS_UNAVAILABLE');
    expect(server.requests).toEqual(['/certs']);
  });

  it('are not waited for too long', async () => {
    const keys = itaKeys({
      jwksUrl: JWKS_URL,
      timeoutMs: 20,
      fetch: async (_url, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    });
    expect(await outcome({}, { keys })).toBe('ERR_ITA_KEYS_UNAVAILABLE');
  });

  it('come over TLS, or from this machine', async () => {
    const made = async (jwksUrl: string) => refusal(() => itaKeys({ jwksUrl, jwks: JWKS }));
    expect(await made('https://keys.example.com/certs')).toBe('accepted');
    expect(await made('http://localhost:8080/certs')).toBe('accepted');
    expect(await made('http://keys.example.com/certs')).toBe('ERR_VERIFIER_ARGUMENT');
    expect(await made('keys')).toBe('ERR_VERIFIER_ARGUMENT');
    const noSet = { keys: 1 } as unknown as typeof JWKS;
    expect(await refusal(() => itaKeys({ jwksUrl: JWKS_URL, jwks: noSet }))).toBe(
      'ERR_ITA_KEYS_UNAVAILABLE',
    );
  });
});
