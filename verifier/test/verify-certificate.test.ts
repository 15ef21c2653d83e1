// SPDX-License-Identifier: Apache-2.0
import { OID, toHex } from '@proofgate/evidence';
import {
  prepareCollateral,
  verifyCertificate,
  verifyEvidence,
  type VerifyCertificateOptions,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import {
  type AttestedHost,
  attestedHost,
  type HostWish,
  IMAGE_DIGEST,
  optionsFor,
} from './attested-host.ts';
import { HOUR_MS, NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

async function outcome(
  wish: HostWish = {},
  more: (host: AttestedHost) => Partial<VerifyCertificateOptions> = () => ({}),
): Promise<string> {
  const host = await attestedHost(wish);
  return refusal(async () => verifyCertificate(optionsFor(host, more(host))));
}

describe('a certificate with evidence', () => {
  it('proves what runs behind it', async () => {
    const host = await attestedHost();
    const verdict = await verifyCertificate(optionsFor(host, { document: host.document }));
    expect(verdict).toMatchObject({ binding: 'certificate', policy: 'none', chainVerified: true });
    expect(verdict.evidence.trustAnchor).toBe(`custom:${host.platform.rootSha256}`);
    expect(verdict.workloads?.map(({ name, imageDigest }) => [name, imageDigest])).toEqual([
      ['hello', IMAGE_DIGEST],
    ]);
    expect(verdict.evidence.measurements.get('rtmr3')).toBe(
      toHex(host.platform.measurements().rtmr[3]),
    );
    expect(verdict.quoteTime).toEqual(new Date(NOW.getTime() - HOUR_MS));
  });

  it('takes prepared collateral, a source and what a document staples', async () => {
    const host = await attestedHost();
    const root = { sha256: host.platform.rootSha256 };
    const bundle = host.platform.collateral();
    const prepared = await prepareCollateral(bundle, { root, at: NOW });
    const run = async (more: Partial<VerifyCertificateOptions>) => {
      const { collateral: _unused, ...options } = optionsFor(host);
      return refusal(async () => verifyCertificate({ ...options, ...more }));
    };
    expect(await run({ collateral: prepared })).toBe('accepted');
    expect(await run({ collateral: async () => bundle })).toBe('accepted');
    expect(await run({ document: host.document })).toBe('accepted');
    expect(await run({})).toBe('ERR_COLLATERAL_UNAVAILABLE');
    expect(await run({ collateral: prepared, roots: 'intel' })).toBe('ERR_CERT_ROOT_UNTRUSTED');
  });

  it('refuses evidence for another key or another time', async () => {
    const [one, two] = [await attestedHost(), await attestedHost()];
    const relayed = { ...optionsFor(one), chain: two.chain, caRoots: [two.root.certificate] };
    // Another platform's quote under this platform's collateral fails before binding is looked at.
    expect(await refusal(async () => verifyCertificate(relayed))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    const minute = 60_000;
    const notBefore = new Date(NOW.getTime() - HOUR_MS);
    const at = async (shift: number) =>
      outcome({ notBefore, quoteTime: new Date(notBefore.getTime() + shift) });
    expect(await at(0)).toBe('accepted');
    expect(await at(59_000)).toBe('accepted');
    expect(await at(minute)).toBe('ERR_BINDING_REPORT_DATA');
    expect(await at(-minute)).toBe('ERR_BINDING_REPORT_DATA');
  });

  it('covers GPU evidence', async () => {
    const gpuEvidence = Uint8Array.of(1, 2, 3);
    expect(await outcome({ gpuEvidence })).toBe('accepted');
    expect(await outcome({ gpuEvidence, quotedGpuEvidence: Uint8Array.of(1, 2, 4) })).toBe(
      'ERR_BINDING_REPORT_DATA',
    );
    expect(await outcome({ quotedGpuEvidence: gpuEvidence })).toBe('ERR_BINDING_REPORT_DATA');
  });

  it('bounds the life of a leaf', async () => {
    expect(await outcome({ lifetimeMs: 24 * HOUR_MS })).toBe('accepted');
    expect(await outcome({ lifetimeMs: 24 * HOUR_MS + 1000 })).toBe('ERR_BINDING_LIFETIME');
  });

  it('needs evidence, of the kind that the extension says', async () => {
    expect(await outcome({ withoutQuote: true })).toBe('ERR_EVIDENCE_MISSING');
    expect(await outcome({ quoteOid: OID.sgxQuote })).toBe('ERR_EVIDENCE_MISMATCH');
    expect(await outcome({ quoteOid: OID.snpReport })).toBe('ERR_SNP_ENDORSEMENTS_MISSING');
  });

  it('verifies host name and dates with and without a CA', async () => {
    const other = { hostname: 'other.demo.localhost' };
    expect(await outcome({}, () => other)).toBe('ERR_CERT_HOSTNAME');
    const noCa = async (more: Partial<VerifyCertificateOptions>) => {
      const host = await attestedHost();
      const { caRoots: _unused, ...options } = optionsFor(host, more);
      return refusal(async () => verifyCertificate(options));
    };
    expect(await noCa({})).toBe('accepted');
    expect(await noCa(other)).toBe('ERR_CERT_HOSTNAME');
    expect(await noCa({ at: new Date(NOW.getTime() + 23 * HOUR_MS) })).toBe('accepted');
    expect(await noCa({ at: new Date(NOW.getTime() + 23 * HOUR_MS + 1000) })).toBe(
      'ERR_CERT_EXPIRED',
    );
    expect(await noCa({ chain: [] })).toBe('ERR_CERT_CHAIN_LENGTH');
  });

  it('refuses a caller who forgot the policy', async () => {
    const host = await attestedHost();
    const { policy: _unused, ...options } = optionsFor(host);
    const careless = options as VerifyCertificateOptions;
    expect(await refusal(async () => verifyCertificate(careless))).toBe('ERR_VERIFIER_ARGUMENT');
  });
});

describe('an attestation document', () => {
  const withDocument =
    (change: Partial<AttestedHost['document']> = {}) =>
    (host: AttestedHost) => ({ document: { ...host.document, ...change } });

  it('must replay to RTMR3', async () => {
    expect(await outcome({}, withDocument())).toBe('accepted');
    expect(await outcome({}, withDocument({ eventLog: [] }))).toBe('ERR_EVENT_LOG_REPLAY');
    expect(await outcome({ measured: (events) => [...events].reverse() }, withDocument())).toBe(
      'ERR_EVENT_LOG_REPLAY',
    );
    const shortened = (host: AttestedHost) => ({
      document: { ...host.document, eventLog: host.events.slice(0, 1) },
    });
    expect(await outcome({}, shortened)).toBe('ERR_EVENT_LOG_REPLAY');
  });

  it('must agree with the certificate', async () => {
    const replace = (oid: string, value: Uint8Array): HostWish => ({
      extensions: (sound) => sound.map((one) => (one.oid === oid ? { oid, value } : one)),
    });
    const other = new Uint8Array(32).fill(9);
    expect(await outcome(replace(OID.imageDigest, other), withDocument())).toBe(
      'ERR_EVENT_LOG_WORKLOAD',
    );
    expect(await outcome(replace(OID.workloadRoot, other), withDocument())).toBe(
      'ERR_EVENT_LOG_MANIFEST',
    );
    expect(await outcome(replace(OID.workloadRoot, other), withDocument({ manifests: {} }))).toBe(
      'ERR_EVENT_LOG_WORKLOAD',
    );
    const dev = new TextEncoder().encode('dev');
    expect(await outcome(replace(OID.imageProfile, dev), withDocument())).toBe(
      'ERR_EVIDENCE_MISMATCH',
    );
    const without: HostWish = { extensions: () => [] };
    expect(await outcome(without, withDocument({ manifests: {} }))).toBe('accepted');
    expect(await outcome(without, withDocument())).toBe('ERR_EVENT_LOG_MANIFEST');
  });

  it('must name the CA that issued the leaf', async () => {
    const host = await attestedHost();
    const measured = host.events.map((event) =>
      event.type === 'proofgate.platform' ? { ...event, ca_spki_sha256: 'ee'.repeat(32) } : event,
    );
    const code = await outcome({ measured: () => measured }, (fresh) => ({
      document: { ...fresh.document, eventLog: measured, manifests: {} },
    }));
    expect(code).toBe('ERR_EVENT_LOG_CA');
  });

  it('verifies alone without binding anything', async () => {
    const host = await attestedHost();
    const { chain: _unused, ...options } = optionsFor(host);
    const verdict = await verifyEvidence({
      ...options,
      evidence: { kind: 'document', document: host.document },
    });
    expect(verdict.binding).toBe('none');
    expect(verdict.extensions.length).toBe(3);
    const { caRoots: _roots, ...noCa } = options;
    const unverified = await verifyEvidence({
      ...noCa,
      evidence: { kind: 'document', document: host.document },
    });
    // Claims that nobody vouches for are not passed on.
    expect(unverified.extensions).toEqual([]);
    const at = async (change: Partial<AttestedHost['document']>, time = NOW) => {
      const document = { ...host.document, ...change };
      return refusal(async () =>
        verifyEvidence({ ...options, at: time, evidence: { kind: 'document', document } }),
      );
    };
    expect(await at({ quoteTime: '2026-06-01T11:01Z' })).toBe('ERR_BINDING_REPORT_DATA');
    expect(await at({ quoteTime: '2026-13-01T11:01Z' })).toBe('ERR_BINDING_LIFETIME');
    expect(await at({ quoteTime: '2026-05-31T11:00Z' })).toBe('ERR_BINDING_LIFETIME');
    expect(await at({ tee: 'sev-snp' })).toBe('ERR_SNP_ENDORSEMENTS_MISSING');
  });
});
