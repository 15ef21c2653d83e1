// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import {
  deterministicReportData,
  OID,
  parseAttestationDocument,
  parseQuote,
  readAttestationExtensions,
  toHex,
} from '@proofgate/evidence';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { askVerified, isRefused, leafOf } from './proxy-client.ts';
import { newIntermediary } from './test-ca.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
let machine: TestMachine;
let upstream: HttpUpstream;

beforeEach(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((incoming, outgoing) =>
    outgoing.end(`hello ${String(incoming.headers.host)}`),
  );
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

function route(hostname: string, more: object = {}): object {
  return { hostname, upstream: upstream.upstream, ...more };
}

describe('a proxy with routes of its own', () => {
  it('serves them under leaves that carry a quote over the key', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    expect((await askVerified(proxy, machine.root, APP)).body).toBe(`hello ${APP}`);

    const leaf = await leafOf(proxy, machine.root, APP);
    expect(leaf.notBefore.getUTCSeconds()).toBe(0);
    expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(24 * 3_600_000);
    const { quote, values } = readAttestationExtensions(leaf);
    const { body } = parseQuote(quote!.bytes);
    expect(toHex(body.reportData)).toBe(toHex(deterministicReportData(leaf.spki, leaf.notBefore)));
    expect(values.map(({ oid }) => oid)).toEqual([OID.runtimeVersionHash, OID.workloadsHash]);
  });

  it('shows the evidence of the leaf', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    const answer = await askVerified(proxy, machine.root, APP, '/.well-known/attestation');
    const document = parseAttestationDocument(JSON.parse(answer.body));
    expect(document).toMatchObject({ host: APP, tee: 'tdx', simulated: true, eventLog: [] });
    const leaf = await leafOf(proxy, machine.root, APP);
    expect(toHex(document.certificateChain[0]!)).toBe(toHex(leaf.raw));
    expect(toHex(document.quote)).toBe(toHex(readAttestationExtensions(leaf).quote!.bytes));
    expect(document.collateral).toBeDefined();
    expect(document.manifests.platform).toBeDefined();
  });

  it('keeps the quote out of the leaf, and in the document, for a host with session attestation', async () => {
    const proxy = await machine.start(
      machine.config({ routes: [route(APP, { attestation: 'session' })] }),
    );
    await untilReady(proxy);
    expect(readAttestationExtensions(await leafOf(proxy, machine.root, APP)).quote).toBeUndefined();
    const answer = await askVerified(proxy, machine.root, APP, '/.well-known/attestation');
    const { quote } = parseAttestationDocument(JSON.parse(answer.body));
    expect(quote.length).toBeGreaterThan(0);
    expect(machine.quotes()).toBe(1);
  });

  it('makes no quote for names that it does not serve', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    expect(machine.quotes()).toBe(1);
    for (let n = 0; n < 20; n += 1) {
      expect(await isRefused(proxy, n === 0 ? '' : `x${String(n)}.example.com`)).toBe(true);
    }
    expect(machine.quotes()).toBe(1);
  });

  it('is not ready while the quoter fails, and becomes so when it works', async () => {
    machine.failQuotes(true);
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await waitFor(() => machine.quotes() > 0, SOON);
    expect(proxy.health()).toEqual({ status: 'starting', workers: 2 });
    expect((await machine.ask('GET', '/healthz')).status).toBe(503);
    machine.failQuotes(false);
    await untilReady(proxy);
    expect(await machine.ask('GET', '/healthz')).toEqual({
      status: 200,
      body: { status: 'ok', workers: 2 },
    });
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
  });

  it('takes other routes and another CA from a changed file', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    const before = await leafOf(proxy, machine.root, APP);
    await proxy.reload(machine.config({ routes: [route(APP), route('two.example.com')] }));
    await untilReady(proxy);
    expect((await askVerified(proxy, machine.root, 'two.example.com')).status).toBe(200);
    expect(toHex((await leafOf(proxy, machine.root, APP)).raw)).toBe(toHex(before.raw));

    await machine.writeCa(await newIntermediary(machine.rootIdentity));
    await proxy.reload(machine.config({ routes: [route(APP)] }));
    await waitFor(
      async () =>
        toHex((await leafOf(proxy, machine.root, APP)).authorityKeyId ?? new Uint8Array()) !==
        toHex(before.authorityKeyId!),
      SOON,
    );
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
  });
});

describe('an address that is in use', () => {
  it('stops the start with its code', async () => {
    const proxy = await machine.start(machine.config({ routes: [] }));
    const other = await startMachine();
    try {
      const { port } = proxy.address;
      await expect(
        other.start(other.config({ platform: { listen: `127.0.0.1:${String(port)}` } })),
      ).rejects.toMatchObject({ code: 'ERR_PROXY_LISTEN' });
    } finally {
      await other.close();
    }
  });
});
