// SPDX-License-Identifier: Apache-2.0
import { equalBytes, isAllZero, parseSnpReport, type SnpReport, toHex } from '@proofgate/evidence';
import type { SnpClaims } from '../claims.ts';
import { ecdsaHolds } from '../crypto/ecdsa.ts';
import { VerifierError } from '../errors.ts';
import type { TrustedRoots } from '../roots/trust-anchor.ts';
import { checkedTime } from '../x509/time-window.ts';
import { describeSnpTcb, snpTcb, type SnpTcb } from './snp-tcb.ts';
import {
  type SnpEndorsements,
  type VerifiedEndorsement,
  verifyEndorsements,
} from './verify-endorsements.ts';

/** How an SNP report is judged. */
export interface VerifySnpOptions {
  readonly root: TrustedRoots;
  readonly at: Date;
}

/**
 * Verifies an SEV-SNP attestation report and the chain behind it. As with {@link verifyQuote}, whether its content is
 * acceptable is for a policy: a report of a debuggable guest verifies.
 *
 * @param bytes the report, 1184 bytes
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_*`, `ERR_SNP_*`; EvidenceError for bytes that are no report
 */
export async function verifySnpReport(
  bytes: Uint8Array,
  endorsements: SnpEndorsements,
  options: VerifySnpOptions,
): Promise<SnpClaims> {
  const at = checkedTime(options.at);
  const report = parseSnpReport(bytes);
  const signer = await verifyEndorsements(endorsements, options.root, at);
  checkSigningKey(report, signer);
  await verifySignature(report, signer);
  const tcb = snpTcb(report);
  checkTcb(tcb, signer);
  checkChip(report, signer);
  return {
    tee: 'sev-snp',
    trustAnchor: signer.trustAnchor,
    measurements: new Map([['measurement', toHex(report.measurement)]]),
    reportData: report.reportData,
    debug: report.policy.debug,
    report,
    tcb,
    platform: {
      product: signer.endorsement.product,
      chipId: signer.endorsement.hardwareId,
    },
  };
}

function checkSigningKey(report: SnpReport, signer: VerifiedEndorsement): void {
  if (report.signingKey === signer.kind) return;
  throw new VerifierError('ERR_SNP_SIGNING_KEY', 'the report was signed by another kind of key', {
    expected: signer.kind.toUpperCase(),
    seen: report.signingKey.toUpperCase(),
  });
}

async function verifySignature(report: SnpReport, { key }: VerifiedEndorsement): Promise<void> {
  // AMD specification 56860, section 7.3: ECDSA P-384 with SHA-384.
  if (key.kind === 'ecdsa' && key.curve === 'P-384') {
    if (await ecdsaHolds(key, 'SHA-384', report.signature, report.signedRegion)) return;
  }
  throw new VerifierError('ERR_SNP_SIGNATURE', 'the SNP report’s signature is wrong', {
    hint: 'the report was changed after it was made, or was not made by this key',
  });
}

// The key is derived from the TCB it is certified for, so another one in the report is a contradiction.
function checkTcb({ reported }: SnpTcb, { endorsement }: VerifiedEndorsement): void {
  const [expected, seen] = [describeSnpTcb(endorsement.tcb), describeSnpTcb(reported)];
  if (expected === seen) return;
  throw new VerifierError('ERR_SNP_TCB_MISMATCH', 'the report’s TCB is not the certified one', {
    expected,
    seen,
  });
}

// A masked chip id is zero in the report; the VCEK, which only that chip can use, still names it.
function checkChip({ chipId }: SnpReport, { kind, endorsement }: VerifiedEndorsement): void {
  const { hardwareId } = endorsement;
  if (kind === 'vlek') return;
  if (hardwareId === undefined) {
    throw new VerifierError('ERR_SNP_EXTENSION', 'the VCEK names no chip');
  }
  if (isAllZero(chipId) || equalBytes(chipId, hardwareId)) return;
  throw new VerifierError('ERR_SNP_CHIP_MISMATCH', 'the report is from another chip', {
    expected: toHex(hardwareId),
    seen: toHex(chipId),
  });
}
