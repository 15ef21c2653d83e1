// SPDX-License-Identifier: Apache-2.0
import {
  type AttestationDocument,
  encodeAttestationDocument,
  parseAttestationDocument,
} from '@proofgate/evidence';
import {
  applyPolicy,
  checkUnboundDocument,
  parsePolicy,
  prepareCollateral,
  verifyEvidence,
  verifyQuote,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { type AttestedHost, attestedHost, IMAGE_DIGEST, optionsFor } from './attested-host.ts';
import { HOUR_MS, NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

const host = await attestedHost();

async function check(document: AttestationDocument, from: AttestedHost = host, at: Date = NOW) {
  const root = { sha256: from.platform.rootSha256 };
  const collateral = await prepareCollateral(from.platform.collateral(), { root, at: NOW });
  const claims = await verifyQuote(document.quote, collateral, { at: NOW });
  if (claims.tee !== 'tdx') throw new Error('not a TD');
  return checkUnboundDocument(document, claims, { at });
}

describe('an attestation document by itself', () => {
  it('says what runs, and that it is bound to no connection', async () => {
    const sent: unknown = JSON.parse(encodeAttestationDocument(host.document));
    const subject = await check(parseAttestationDocument(sent));
    expect(subject).toMatchObject({ binding: 'none', extensions: [], at: NOW });
    const workloads = { hello: `sha256:${IMAGE_DIGEST}` };
    const policy = parsePolicy({ version: 1, workloads });
    expect(applyPolicy(subject, policy).accepted).toBe(true);
    const bound = parsePolicy({ version: 1, freshness: { mode: 'certificate' } });
    expect(await refusal(() => applyPolicy(subject, bound))).toBe('ERR_POLICY_FRESHNESS');
  });

  it('is judged as by verifyEvidence', async () => {
    const { quoteTime, workloads, binding } = await verifyEvidence({
      ...optionsFor(host),
      evidence: { kind: 'document', document: host.document },
    });
    expect(await check(host.document)).toMatchObject({ quoteTime, workloads, binding });
  });

  it.each<[string, Partial<AttestationDocument>, string]>([
    ['another time', { quoteTime: '2026-06-01T11:01Z' }, 'ERR_BINDING_REPORT_DATA'],
    ['a time of last week', { quoteTime: '2026-05-25T11:00Z' }, 'ERR_BINDING_LIFETIME'],
    ['a shorter log', { eventLog: host.events.slice(0, 1) }, 'ERR_EVENT_LOG_REPLAY'],
    ['a malformed manifest', { manifests: { workload: Uint8Array.of(1) } }, 'ERR_MANIFEST_INVALID'],
    ['no manifest', { manifests: {} }, 'accepted'],
    ['no certificate', { certificateChain: [] }, 'ERR_CERT_INVALID'],
    [
      'the certificate of the CA',
      { certificateChain: host.chain.slice(1) },
      'ERR_BINDING_REPORT_DATA',
    ],
  ])('with %s', async (_what, change, expected) => {
    expect(await refusal(async () => check({ ...host.document, ...change }))).toBe(expected);
  });

  it('is refused with a quote of another key, and after its certificate', async () => {
    const other = await attestedHost();
    const mixed = { ...host.document, quote: other.document.quote };
    expect(await refusal(async () => check(mixed, other))).toBe('ERR_BINDING_REPORT_DATA');
    const later = new Date(NOW.getTime() + 23 * HOUR_MS);
    expect(await refusal(async () => check(host.document, host, later))).toBe('accepted');
    const late = new Date(later.getTime() + 1000);
    expect(await refusal(async () => check(host.document, host, late))).toBe('ERR_CERT_EXPIRED');
    const never = new Date(NaN);
    expect(await refusal(async () => check(host.document, host, never))).toBe(
      'ERR_VERIFIER_ARGUMENT',
    );
  });
});
