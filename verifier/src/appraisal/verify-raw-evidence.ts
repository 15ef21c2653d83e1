// SPDX-License-Identifier: Apache-2.0
import type { Collateral } from '@proofgate/evidence';
import type { EvidenceClaims, QuoteClaims, SnpClaims } from '../claims.ts';
import { verifyQuote } from '../dcap/verify-quote.ts';
import { VerifierError } from '../errors.ts';
import { policyRoots, VENDORS } from '../policy/policy-roots.ts';
import type { TrustedRoots } from '../roots/trust-anchor.ts';
import { verifySnpReport } from '../snp/verify-snp-report.ts';
import type { JudgingOptions } from './appraisal-options.ts';
import type { CheckRecorder } from './check-recorder.ts';
import { resolveCollateral } from './resolve-collateral.ts';

/** A quote or report, with the collateral that a document staples to it. */
export interface RawEvidence {
  readonly kind: 'quote' | 'snp-report';
  readonly bytes: Uint8Array;
  readonly stapled?: Collateral | undefined;
}

/**
 * Verifies a quote or report by its vendor's rules.
 *
 * @throws VerifierError and EvidenceError as {@link verifyQuote}, {@link verifySnpReport} and their preparations
 */
export async function verifyRawEvidence(
  evidence: RawEvidence,
  options: JudgingOptions,
  recorder: CheckRecorder,
): Promise<EvidenceClaims> {
  return evidence.kind === 'quote'
    ? verifyDcap(evidence, options, recorder)
    : verifySnp(evidence, options, recorder);
}

async function verifyDcap(
  { bytes, stapled }: RawEvidence,
  options: JudgingOptions,
  recorder: CheckRecorder,
): Promise<QuoteClaims> {
  const { at, signal } = options;
  const collateral = await recorder.step(
    'collateral',
    async () =>
      resolveCollateral(bytes, {
        collateral: options.collateral ?? stapled,
        roots: trustedRoots(options),
        at,
        signal,
      }),
    ({ tcbInfo, validUntil }) =>
      `evaluation ${tcbInfo.tcbEvaluationDataNumber}, valid until ${validUntil.toISOString()}`,
  );
  return recorder.step(
    'evidence',
    async () => verifyQuote(bytes, collateral, { at }),
    (claims) => `${claims.tee} quote, ${claims.tcb.status}, root ${claims.trustAnchor}`,
  );
}

async function verifySnp(
  { bytes }: RawEvidence,
  options: JudgingOptions,
  recorder: CheckRecorder,
): Promise<SnpClaims> {
  return recorder.step(
    'evidence',
    async () => {
      const { endorsements, at } = options;
      if (endorsements === undefined) {
        throw new VerifierError('ERR_SNP_ENDORSEMENTS_MISSING', 'the report has no chain', {
          expected: 'VCEK or VLEK, its intermediate (ASK or ASVK), AMD’s root (ARK)',
          hint: 'AMD’s key distribution service has them, by chip id and TCB',
        });
      }
      return verifySnpReport(bytes, endorsements, { root: trustedRoots(options), at });
    },
    (claims) => `sev-snp report, ${claims.platform.product}, root ${claims.trustAnchor}`,
  );
}

// The policy's roots count as named by the caller; without any, the vendors' are trusted.
function trustedRoots({ roots, policy, collateral }: JudgingOptions): TrustedRoots {
  if (roots !== undefined) return roots;
  if (policy !== 'none' && policy.roots !== undefined) return policyRoots(policy);
  // Prepared collateral was made with a root that its maker named.
  if (collateral !== undefined && 'tcbInfo' in collateral) {
    return { certificate: collateral.root.certificate.raw };
  }
  return VENDORS;
}
