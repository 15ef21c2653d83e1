// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  type CertificateEvidence,
  parseCertificate,
  readAttestationExtensions,
} from '@proofgate/evidence';
import {
  type CertificateBinding,
  checkBinding,
  checkSessionBinding,
  checkStatedTime,
  type SessionBinding,
} from '../check-binding.ts';
import type { EvidenceClaims, Tee } from '../claims.ts';
import { VerifierError } from '../errors.ts';
import type { AppraisalOptions, KeyEvidence } from './appraisal-options.ts';
import { checkLeaf } from './check-leaf.ts';
import type { CheckRecorder } from './check-recorder.ts';
import { examineLogs } from './examine-logs.ts';
import type { Findings } from './verdict.ts';
import { verifyRawEvidence } from './verify-raw-evidence.ts';

/**
 * Verifies a certificate with evidence in it, beside it, or for the session it was presented in: chain, evidence, binding,
 * then what a document adds.
 *
 * @param chain DER, leaf first
 * @throws VerifierError and EvidenceError as the steps do
 */
export async function examineCertificate(
  chain: readonly Uint8Array[],
  options: AppraisalOptions,
  recorder: CheckRecorder,
): Promise<Findings> {
  const leaf = await checkLeaf(chain, options, recorder);
  const { quote, values } = readAttestationExtensions(leaf);
  const { session } = options;
  const keyEvidence = quote === undefined ? options.keyEvidence : undefined;
  const { tee, bytes } = session ?? keyEvidence ?? evidenceOf(quote);
  const kind = tee === 'sev-snp' ? 'snp-report' : 'quote';
  const stapled = options.document?.collateral;
  const evidence = await verifyRawEvidence({ kind, bytes, stapled }, options, recorder);
  checkTee(tee, evidence);
  const binding = await recorder.step(
    'binding',
    (): CertificateBinding | SessionBinding => {
      if (session !== undefined) return checkSessionBinding(leaf, evidence, session);
      if (keyEvidence !== undefined) return checkKeyEvidence(leaf, evidence, keyEvidence, options);
      return checkBinding(leaf, evidence);
    },
    ({ kind: to, quoteTime }) =>
      `report data covers the certificate’s key and ${to === 'session' ? 'this TLS session' : quoteTime.toISOString()}`,
  );
  const workloads = await examineLogs(
    options.document,
    { evidence, extensions: values, issuer: issuerOf(chain) },
    recorder,
  );
  return {
    evidence,
    certificate: leaf,
    chainVerified: options.caRoots !== undefined,
    extensions: values,
    workloads,
    binding: binding.kind,
    quoteTime: binding.quoteTime,
    at: options.at,
  };
}

function checkKeyEvidence(
  leaf: Certificate,
  evidence: EvidenceClaims,
  { quoteTime, gpuEvidence }: KeyEvidence,
  { at }: AppraisalOptions,
): CertificateBinding {
  checkStatedTime(leaf, quoteTime, evidence, at, gpuEvidence);
  return { kind: 'certificate', quoteTime: new Date(quoteTime) };
}

function issuerOf(chain: readonly Uint8Array[]): Certificate | undefined {
  return chain[1] === undefined ? undefined : parseCertificate(chain[1]);
}

function evidenceOf(quote: CertificateEvidence | undefined): {
  readonly tee: Tee;
  readonly bytes: Uint8Array;
} {
  if (quote === undefined) {
    throw new VerifierError('ERR_EVIDENCE_MISSING', 'the certificate carries no evidence', {
      expected: 'an extension with a quote or report',
      hint: 'is this an attested host, and one that puts its evidence into the certificate?',
    });
  }
  return { tee: quote.kind === 'snp' ? 'sev-snp' : quote.kind, bytes: quote.bytes };
}

function checkTee(expected: Tee, { tee }: EvidenceClaims): void {
  if (tee === expected) return;
  throw new VerifierError('ERR_EVIDENCE_MISMATCH', 'the evidence is of another TEE than it says', {
    expected,
    seen: tee,
  });
}
