// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseQuote } from '@proofgate/evidence';
import { createSimulatedPlatform, serveCollateral } from '@proofgate/simulator';
import {
  collateralRequest,
  type CollateralRequest,
  createCollateralCache,
  describeCollateral,
  fetchCollateral,
  prepareCollateral,
} from '@proofgate/verifier';
import { loadCollateral } from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NOW } from './private-pki.ts';
import {
  collateralDirectory,
  expectedQuotes,
  haveRealEvidence,
  realFile,
} from './real-evidence.ts';
import { refusal } from './refusal.ts';

const platform = createSimulatedPlatform({ at: NOW });
const root = { sha256: platform.rootSha256 };
const REQUEST: CollateralRequest = {
  tee: 'tdx',
  fmspc: platform.fmspc,
  ca: 'platform',
  at: NOW,
};

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function simulatedService(): Promise<string> {
  const service = await serveCollateral({ platform, host: '127.0.0.1', port: 0 });
  onTestFinished(async () => service.close());
  return service.url;
}

const once = { attempts: 1, delay: async () => undefined };

describe('fetching collateral', () => {
  it('gets from a service what the platform issues', async () => {
    const url = await simulatedService();
    const quote = parseQuote(await platform.quote(new Uint8Array(64)));
    const request = collateralRequest(quote, NOW);
    expect(request).toEqual(REQUEST);
    for (const base of [url, `${url}/`, `${url}/sgx/certification/v4/`]) {
      const collateral = await fetchCollateral(request, { url: base, fetch });
      const prepared = await prepareCollateral(collateral, { root, at: NOW });
      expect(prepared.tcbInfo.tcbEvaluationDataNumber).toBeGreaterThan(0);
    }
    expect(describeCollateral(platform.collateral())).toMatchObject({
      tee: 'tdx',
      fmspc: platform.fmspc,
    });
  });

  it('reports an FMSPC that the service does not know as unavailable', async () => {
    const url = await simulatedService();
    const request = { ...REQUEST, fmspc: '123456789abc' };
    await expect(fetchCollateral(request, { url, fetch, ...once })).rejects.toMatchObject({
      code: 'ERR_COLLATERAL_UNAVAILABLE',
      family: 'unavailable',
    });
  });

  it('repeats what may pass and gives up on what will not', async () => {
    const pauses: number[] = [];
    const delay = async (milliseconds: number) => {
      pauses.push(milliseconds);
    };
    const attempt = async (status: number) => {
      let requests = 0;
      const url = await serve((_request, response) => {
        requests += 1;
        response.writeHead(status).end();
      });
      const options = { url, fetch, delay, random: () => 1, attempts: 3 };
      expect(await refusal(async () => fetchCollateral(REQUEST, options))).toBe(
        'ERR_COLLATERAL_UNAVAILABLE',
      );
      return requests;
    };
    expect(await attempt(404)).toBeLessThanOrEqual(4);
    expect(pauses).toEqual([]);
    expect(await attempt(503)).toBeGreaterThanOrEqual(3);
    expect(pauses).toContain(250);
    expect(pauses).toContain(500);
  });

  it.each<[string, RequestListener]>([
    ['redirects', (_request, response) => response.writeHead(302, { location: '/' }).end()],
    ['answers over the limit', (_request, response) => response.end(Buffer.alloc(1_100_000))],
    ['answers that are not JSON', (_request, response) => response.end('<html>')],
    ['answers without an issuer chain', (_request, response) => response.end('{"tcbInfo":{}}')],
  ])('refuses %s', async (_what, listener) => {
    const url = await serve(listener);
    const code = await refusal(async () => fetchCollateral(REQUEST, { url, fetch, ...once }));
    expect(code).toBe('ERR_COLLATERAL_UNAVAILABLE');
  });

  it('bounds the time of an attempt and listens to its caller', async () => {
    const url = await serve(() => undefined);
    const slow = async () => fetchCollateral(REQUEST, { url, fetch, ...once, timeoutMs: 20 });
    expect(await refusal(slow)).toBe('ERR_COLLATERAL_UNAVAILABLE');
    const reason = new Error('stopped');
    const signal = AbortSignal.abort(reason);
    await expect(fetchCollateral(REQUEST, { url, fetch, ...once, signal })).rejects.toBe(reason);
  });
});

describe('keeping collateral', () => {
  it('fetches once for requests at the same time, and again when it has run out', async () => {
    let fetches = 0;
    const source = async (request: CollateralRequest) => {
      fetches += 1;
      return createSimulatedPlatform({
        identity: platform.identity,
        clock: () => request.at,
      }).collateral();
    };
    const cache = createCollateralCache(source, root);
    const [a, b] = await Promise.all([cache.prepared(REQUEST), cache.prepared(REQUEST)]);
    expect(a).toBe(b);
    expect(await cache.prepared({ ...REQUEST, at: a.validUntil })).toBe(a);
    expect(fetches).toBe(1);
    const later = new Date(a.validUntil.getTime() + 1000);
    expect(await cache.prepared({ ...REQUEST, at: later })).not.toBe(a);
    expect(fetches).toBe(2);
    await cache.prepared({ ...REQUEST, tee: 'tdx', ca: 'processor', at: later });
    expect(fetches).toBe(3);
  });

  it('does not keep failures or collateral that does not verify', async () => {
    let fetches = 0;
    const cache = createCollateralCache(async () => {
      fetches += 1;
      if (fetches === 1) throw new Error('down');
      const bundle = platform.collateral();
      return fetches === 2 ? { ...bundle, tcb_info_signature: '00'.repeat(64) } : bundle;
    }, root);
    await expect(cache.prepared(REQUEST)).rejects.toThrow('down');
    expect(await refusal(async () => cache.prepared(REQUEST))).toBe(
      'ERR_DCAP_COLLATERAL_SIGNATURE',
    );
    expect(await refusal(async () => cache.prepared(REQUEST))).toBe('accepted');
  });

  it('refuses to go back to an older evaluation', async () => {
    let number = 20;
    const cache = createCollateralCache(
      async ({ at }) =>
        createSimulatedPlatform({
          identity: platform.identity,
          clock: () => at,
          alter: (description) => {
            description.collateral.tdx.tcbInfo.content.tcbEvaluationDataNumber = number;
          },
        }).collateral(),
      root,
    );
    const first = await cache.prepared(REQUEST);
    const later = { ...REQUEST, at: new Date(first.validUntil.getTime() + 1000) };
    number = 19;
    expect(await refusal(async () => cache.prepared(later))).toBe('ERR_COLLATERAL_ROLLBACK');
    number = 20;
    expect(await refusal(async () => cache.prepared(later))).toBe('accepted');
  });
});

describe('loading collateral', () => {
  it('takes a URL, a file or a directory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'proofgate-verifier-'));
    onTestFinished(async () => rm(directory, { recursive: true }));
    const file = join(directory, 'bundle.json');
    await writeFile(file, JSON.stringify(platform.collateral()));
    await writeFile(join(directory, 'notes.txt'), 'not a bundle');
    for (const location of [file, directory, await simulatedService()]) {
      const source = await loadCollateral(location);
      const prepared = await prepareCollateral(await source(REQUEST), { root, at: NOW });
      expect(prepared.tee).toBe('tdx');
    }
  });

  it('says what it cannot read', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'proofgate-verifier-'));
    onTestFinished(async () => rm(directory, { recursive: true }));
    const missing = join(directory, 'missing.json');
    expect(await refusal(async () => loadCollateral(missing))).toBe('ERR_COLLATERAL_UNAVAILABLE');
    const empty = await loadCollateral(directory);
    expect(await refusal(async () => empty(REQUEST))).toBe('ERR_COLLATERAL_UNAVAILABLE');
    await writeFile(join(directory, 'a.json'), '{');
    expect(await refusal(async () => loadCollateral(directory))).toBe('ERR_COLLATERAL_UNAVAILABLE');
    await writeFile(join(directory, 'a.json'), '{}');
    expect(await refusal(async () => loadCollateral(directory))).toBe('ERR_COLLATERAL_INVALID');
  });

  it.skipIf(!haveRealEvidence)('finds the bundle for each real quote at its time', async () => {
    const source = await loadCollateral(collateralDirectory);
    for (const { file, bundle, at } of expectedQuotes()) {
      const chosen = await source(collateralRequest(parseQuote(realFile(file)), at));
      const direct = await (await loadCollateral(`${collateralDirectory}${bundle}.json`))(REQUEST);
      expect(chosen, `${file} at ${at.toISOString()}`).toEqual(direct);
    }
  });
});
