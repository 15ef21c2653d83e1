// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseQuote } from '@proofgate/evidence';
import { createSimulatedPlatform, serveCollateral } from '@proofgate/simulator';
import {
  collateralRequest,
  type CollateralRequest,
  createCollateralCache,
  type Fetch,
  fetchCollateral,
  type FetchResponse,
  INTEL_PCS_URL,
} from '@proofgate/verifier';
import { loadCollateral } from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchBytes, MAX_COLLATERAL_PART } from '../src/collateral/fetch-bytes.ts';
import { NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

const platform = createSimulatedPlatform({ at: NOW });
const REQUEST: CollateralRequest = { tee: 'tdx', fmspc: platform.fmspc, ca: 'platform', at: NOW };
const UNAVAILABLE = 'ERR_COLLATERAL_UNAVAILABLE';

/** An answer in pieces. */
function answer(pieces: readonly (Uint8Array | undefined)[], status = 200): FetchResponse {
  const left = [...pieces];
  const reader = {
    read: async () => (left.length === 0 ? { done: true } : { done: false, value: left.shift() }),
    cancel: async () => undefined,
  };
  return { status, headers: { get: () => null }, body: { getReader: () => reader } };
}

describe('a fetch', () => {
  it('joins the pieces of an answer, up to the limit', async () => {
    const half = new Uint8Array(MAX_COLLATERAL_PART / 2);
    const get = async (...pieces: (Uint8Array | undefined)[]) => {
      let calls = 0;
      const fetch: Fetch = async () => {
        calls += 1;
        return answer(pieces);
      };
      const code = await refusal(async () => fetchBytes('https://a.example', { fetch }));
      // What is too large now is too large again.
      expect(calls).toBe(1);
      return code;
    };
    expect(await get(half, undefined, half)).toBe('accepted');
    expect(await get(half, half, Uint8Array.of(1))).toBe(UNAVAILABLE);
    const fetch: Fetch = async () => answer([Uint8Array.of(1), undefined, Uint8Array.of(2)]);
    expect((await fetchBytes('https://a.example', { fetch })).body).toEqual(Uint8Array.of(1, 2));
  });

  it('takes an answer without a body for an empty one', async () => {
    const fetch: Fetch = async () => ({ ...answer([]), body: null });
    const { body, header } = await fetchBytes('https://a.example', { fetch });
    expect(body).toHaveLength(0);
    expect(header('anything')).toBeUndefined();
  });

  it.each([
    [200, 1],
    [404, 1],
    [429, 2],
    [499, 1],
    [500, 2],
    [503, 2],
  ])('of status %i is made %i times of 2', async (status, expected) => {
    let calls = 0;
    const fetch: Fetch = async () => {
      calls += 1;
      return answer([], status);
    };
    const delay = async () => undefined;
    const code = await refusal(async () =>
      fetchBytes('https://a.example', { fetch, delay, attempts: 2 }),
    );
    expect(code).toBe(status === 200 ? 'accepted' : UNAVAILABLE);
    expect(calls).toBe(expected);
  });

  it('waits on its own when nobody gives it a clock', async () => {
    let calls = 0;
    const fetch: Fetch = async () => {
      calls += 1;
      if (calls === 1) throw new Error('lost');
      return answer([]);
    };
    expect(await refusal(async () => fetchBytes('https://a.example', { fetch }))).toBe('accepted');
    await expect(
      fetchBytes('https://a.example', {
        // Somebody’s fetch may reject with anything.
        fetch: async () => Promise.reject('down' as unknown as Error),
        attempts: 1,
      }),
    ).rejects.toMatchObject({ code: UNAVAILABLE, seen: 'down' });
  });
});

describe('collateral from a service', () => {
  const asking = async (change: (url: string, real: Response) => Promise<Response> | Response) => {
    const service = await serveCollateral({ platform, host: '127.0.0.1', port: 0 });
    onTestFinished(async () => service.close());
    const asked: string[] = [];
    const call: Fetch = async (url) => {
      asked.push(url);
      const path = url.replace(/^https:\/\/[^/]+/, '');
      const local = path === '/IntelSGXRootCA.der' ? '/sgx/certification/v4/rootcacrl' : path;
      return change(url, await fetch(`${service.url}${local}`));
    };
    const options = { url: INTEL_PCS_URL, fetch: call, attempts: 1 };
    const code = await refusal(async () => fetchCollateral(REQUEST, options));
    return { code, asked };
  };

  it('asks Intel for its root list in another place', async () => {
    const { code, asked } = await asking((_url, real) => real);
    expect(code).toBe('accepted');
    expect(asked).toContain('https://certificates.trustedservices.intel.com/IntelSGXRootCA.der');
  });

  it.each<[string, RegExp, (real: Response) => Promise<Response> | Response]>([
    [
      'a signature that is none',
      /tcb\?/,
      async (real) => {
        const text = (await real.text()).replace(/"signature":"[0-9a-f]*"/, '"signature":"00"');
        return new Response(text, { headers: real.headers });
      },
    ],
    [
      'a document without its member',
      /tcb\?/,
      (real) => new Response(`{"signature":"${'00'.repeat(64)}"}`, { headers: real.headers }),
    ],
    ['no issuer chain', /pckcrl/, async (real) => new Response(await real.arrayBuffer())],
    [
      'an issuer chain in a broken form',
      /pckcrl/,
      async (real) =>
        new Response(await real.arrayBuffer(), { headers: { 'SGX-PCK-CRL-Issuer-Chain': '%' } }),
    ],
    ['a list that is neither DER nor hex', /RootCA/, () => new Response('no list')],
    ['an empty list', /RootCA/, () => new Response('')],
  ])('is refused with %s', async (_what, where, change) => {
    const { code } = await asking((url, real) => (where.test(url) ? change(real) : real));
    expect(code).toBe(UNAVAILABLE);
  });
});

describe('what is asked for', () => {
  it('follows from the PCK of a quote, and needs one', async () => {
    const quote = parseQuote(await platform.quote(new Uint8Array(64)));
    expect(collateralRequest(quote, NOW)).toEqual(REQUEST);
    const processor = createSimulatedPlatform({
      at: NOW,
      alter: ({ certificates }) => {
        certificates.pckCa.commonName = 'SIMULATED SGX PCK Processor CA';
      },
    });
    const other = parseQuote(await processor.quote(new Uint8Array(64)));
    expect(collateralRequest(other, NOW).ca).toBe('processor');
  });
});

describe('a cache', () => {
  it('keeps a bounded number of platforms, the latest ones', async () => {
    const asked: string[] = [];
    const cache = createCollateralCache(
      async ({ fmspc }) => {
        asked.push(fmspc);
        return platform.collateral();
      },
      { sha256: platform.rootSha256 },
    );
    const name = (index: number) => index.toString(16).padStart(12, '0');
    for (let index = 0; index <= 64; index += 1) {
      await cache.prepared({ ...REQUEST, fmspc: name(index) });
    }
    expect(asked).toHaveLength(65);
    await cache.prepared({ ...REQUEST, fmspc: name(64) });
    await cache.prepared({ ...REQUEST, fmspc: name(1) });
    expect(asked).toHaveLength(65);
    await cache.prepared({ ...REQUEST, fmspc: name(0) });
    expect(asked).toHaveLength(66);
  });
});

describe('bundles in a directory', () => {
  const DAY_MS = 86_400_000;
  const bundleOf = (days: number, fmspc: string = platform.fmspc) =>
    createSimulatedPlatform({ at: new Date(NOW.getTime() + days * DAY_MS), fmspc }).collateral();

  async function directoryOf(bundles: Readonly<Record<string, string>>): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'proofgate-verifier-'));
    onTestFinished(async () => rm(directory, { recursive: true }));
    for (const [name, text] of Object.entries(bundles)) {
      await writeFile(join(directory, name), text);
    }
    return directory;
  }

  it('are chosen by platform, then validity, then age', async () => {
    const [old, older, future] = [bundleOf(-2), bundleOf(-5), bundleOf(60)];
    const expired = bundleOf(-300);
    const other = bundleOf(0, '010203040506');
    const source = await loadCollateral(
      await directoryOf(
        Object.fromEntries(
          [older, old, future, expired, other].map((bundle, index) => [
            `${index}.json`,
            JSON.stringify(bundle),
          ]),
        ),
      ),
    );
    expect(await source(REQUEST)).toEqual(old);
    expect(await source({ ...REQUEST, fmspc: '010203040506' })).toEqual(other);
    const late = new Date(NOW.getTime() + 61 * DAY_MS);
    expect(await source({ ...REQUEST, at: late })).toEqual(future);
    expect(await refusal(async () => source({ ...REQUEST, fmspc: '000000000000' }))).toBe(
      UNAVAILABLE,
    );
    expect(await refusal(async () => source({ ...REQUEST, tee: 'sgx' }))).toBe(UNAVAILABLE);
  });

  it('of another platform are tried when there is only one', async () => {
    const other = bundleOf(0, '010203040506');
    const source = await loadCollateral(await directoryOf({ 'a.json': JSON.stringify(other) }));
    expect(await source(REQUEST)).toEqual(other);
  });

  it('are bounded in size and number', async () => {
    const large = await directoryOf({ 'a.json': ' '.repeat(1024 * 1024 + 1) });
    expect(await refusal(async () => loadCollateral(large))).toBe(UNAVAILABLE);
    const bundle = JSON.stringify(platform.collateral());
    const names = Array.from({ length: 257 }, (_, index) => [`${index}.json`, bundle] as const);
    const full = await directoryOf(Object.fromEntries(names.slice(1)));
    expect(await refusal(async () => loadCollateral(full))).toBe('accepted');
    const over = await directoryOf(Object.fromEntries(names));
    expect(await refusal(async () => loadCollateral(over))).toBe(UNAVAILABLE);
  });
});
