// SPDX-License-Identifier: Apache-2.0
import { sign } from 'node:crypto';
import { parseCertificate, parseQuote, type RuntimeEvent, utf8 } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import {
  checkUnboundDocument,
  prepareCollateral,
  verifyQuote,
  verifySnpReport,
} from '@proofgate/verifier';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CheckRecorder } from '../src/appraisal/check-recorder.ts';
import { examineLogs } from '../src/appraisal/examine-logs.ts';
import { ecdsaHolds, importEcdsaKey, P256, P384 } from '../src/crypto/ecdsa.ts';
import { subtle } from '../src/crypto/web-crypto.ts';
import { checkTdxModule, findModuleIdentity } from '../src/dcap/check-tdx-module.ts';
import { checkEventLog } from '../src/document/check-event-log.ts';
import { checkHostname } from '../src/x509/hostname.ts';
import { attestedHost } from './attested-host.ts';
import { keyPair, NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';
import { AMD_NOW, simulatedAmd } from './simulated-amd.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

async function snpClaims() {
  const { report, endorsements, root } = simulatedAmd();
  return verifySnpReport(report, endorsements, { root, at: AMD_NOW });
}

describe('an event log', () => {
  it('is a TD’s alone', async () => {
    const host = await attestedHost();
    const root = { sha256: host.platform.rootSha256 };
    const collateral = await prepareCollateral(host.platform.collateral(), { root, at: NOW });
    const td = await verifyQuote(host.document.quote, collateral, { at: NOW });
    const snp = await snpClaims();
    expect(await refusal(() => checkEventLog(host.events, td))).toBe('accepted');
    expect(await refusal(() => checkEventLog(host.events, snp))).toBe('ERR_EVENT_LOG_REPLAY');

    const recorder = new CheckRecorder();
    const claims = { evidence: snp, extensions: [], issuer: undefined };
    const document = { ...host.document, manifests: {} };
    expect(await examineLogs(document, claims, recorder)).toBeUndefined();
    expect(recorder.checks).toContainEqual({
      name: 'eventLog',
      result: 'skipped',
      seen: 'sev-snp has no register for run-time events',
    });
  });
});

describe('a document by itself', () => {
  it('has a certificate whose claims the log proves', async () => {
    const judge = async (loaded: boolean) => {
      const measured = (sound: readonly RuntimeEvent[]) => (loaded ? sound : sound.slice(0, 1));
      const host = await attestedHost({ measured });
      const root = { sha256: host.platform.rootSha256 };
      const collateral = await prepareCollateral(host.platform.collateral(), { root, at: NOW });
      const td = await verifyQuote(host.document.quote, collateral, { at: NOW });
      if (td.tee !== 'tdx') throw new Error('not a TD');
      const document = { ...host.document, eventLog: measured(host.events) };
      return refusal(() => checkUnboundDocument(document, td, { at: NOW }));
    };
    expect(await judge(true)).toBe('accepted');
    expect(await judge(false)).toBe('ERR_EVENT_LOG_WORKLOAD');
  });
});

describe('TCB info without TDX modules', () => {
  it('covers no TD', async () => {
    const platform = createSimulatedPlatform({ at: NOW });
    const quote = parseQuote(await platform.quote(new Uint8Array(64)));
    if (quote.kind !== 'tdx') throw new Error('not a TD');
    const root = { sha256: platform.rootSha256 };
    const { tcbInfo } = await prepareCollateral(platform.collateral(), { root, at: NOW });
    const unversioned = { ...quote.body, teeTcbSvn: new Uint8Array(16) };
    const check = async (body: typeof quote.body, info: typeof tcbInfo) =>
      refusal(() => {
        checkTdxModule(body, info);
      });
    expect(await check(quote.body, tcbInfo)).toBe('accepted');
    expect(await check(unversioned, tcbInfo)).toBe('accepted');
    const none = { ...tcbInfo, tdx: undefined };
    expect(await check(quote.body, none)).toBe('ERR_DCAP_TDX_MODULE');
    expect(await check(unversioned, none)).toBe('ERR_DCAP_TDX_MODULE');
    expect(findModuleIdentity(tcbInfo, quote.body.teeTcbSvn)?.id).toBe('TDX_01');
    expect(findModuleIdentity(tcbInfo, quote.body.teeTcbSvn.with(1, 3))?.id).toBe('TDX_03');
  });
});

describe('ECDSA', () => {
  it.each([P256, P384])('of $name needs r and s from 1 to n - 1', async (curve) => {
    const { publicKey, privateKey } = keyPair(curve.name);
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([
      Buffer.of(4),
      Buffer.from(x, 'base64url'),
      Buffer.from(y, 'base64url'),
    ]);
    const key = await importEcdsaKey(curve, new Uint8Array(point));
    const data = utf8('signed');
    const good = new Uint8Array(
      sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    );
    const size = good.length / 2;
    const holds = async (signature: Uint8Array) => ecdsaHolds(key, 'SHA-256', signature, data);
    expect(await holds(good)).toBe(true);
    expect(await holds(good.subarray(1))).toBe(false);
    expect(await holds(Uint8Array.of(...good, 0))).toBe(false);
    expect(await ecdsaHolds(key, 'SHA-384', good, data)).toBe(false);
    // Whoever verifies without looking at the range could ask the platform: it must not come to that.
    const verify = vi.fn(async () => Promise.resolve(true));
    vi.stubGlobal('crypto', { subtle: { verify } });
    const order = Buffer.from(
      curve.name === 'P-256'
        ? 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
        : 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
      'hex',
    );
    const below = Buffer.from(order);
    below[size - 1] = (below[size - 1] ?? 0) - 1;
    const above = Buffer.from(order);
    above[size - 1] = (above[size - 1] ?? 0) + 1;
    const one = Buffer.alloc(size, 0).fill(1, size - 1);
    const pair = (r: Uint8Array, s: Uint8Array) => new Uint8Array(Buffer.concat([r, s]));
    for (const bad of [Buffer.alloc(size), order, above, Buffer.alloc(size, 0xff)]) {
      expect(await holds(pair(bad, one))).toBe(false);
      expect(await holds(pair(one, bad))).toBe(false);
    }
    expect(verify).not.toHaveBeenCalled();
    expect(await holds(pair(one, below))).toBe(true);
    expect(await holds(pair(below, one))).toBe(true);
  });

  it('needs a platform that has WebCrypto', async () => {
    expect(await refusal(() => subtle())).toBe('accepted');
    vi.stubGlobal('crypto', {});
    expect(await refusal(() => subtle())).toBe('ERR_VERIFIER_NO_WEBCRYPTO');
    vi.stubGlobal('crypto', undefined);
    expect(await refusal(() => subtle())).toBe('ERR_VERIFIER_NO_WEBCRYPTO');
  });
});

describe('a host name', () => {
  it('is compared as a name when it is nearly an address', async () => {
    const { leaf } = await attestedHost({ hostname: '1.2.3.456' });
    const certificate = parseCertificate(leaf.certificate);
    const outcome = async (name: string) =>
      refusal(() => {
        checkHostname(certificate, name);
      });
    expect(await outcome('1.2.3.456')).toBe('accepted');
    expect(await outcome('1.2.3.45')).toBe('ERR_CERT_HOSTNAME');
  });
});
