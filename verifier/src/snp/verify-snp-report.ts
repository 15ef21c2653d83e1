// SPDX-License-Identifier: Apache-2.0
import { equalBytes, isAllZero, parseSnpReport, type SnpReport, toHex } from '@proofgate/evidence';
import type { SnpClaims } from '../claims.ts';
import { ecdsaHolds } from '../crypto/ecdsa.ts';
import { VerifierError } from '../errors.ts';
import type { TrustedRoots } from '../roots/trust-anchor.ts';
import { checkedTime } from '../x509/time-window.ts';
import type { SnpEndorsement } from './endorsement-extensions.ts';
import { describeSnpTcb, readTcb, snpTcb } from './snp-tcb.ts';
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
  checkTcb(report, signer);
  checkChip(report, signer.endorsement);
  checkFamily(report, signer.endorsement);
  const { endorsement } = signer;
  return {
    tee: 'sev-snp',
    trustAnchor: signer.trustAnchor,
    measurements: new Map([['measurement', toHex(report.measurement)]]),
    reportData: report.reportData,
    debug: report.policy.debug,
    report,
    tcb: snpTcb(report, endorsement.product),
    platform: {
      product: endorsement.product.name,
      chipId: endorsement.kind === 'vcek' ? endorsement.chipId : undefined,
      cloud: endorsement.kind === 'vlek' ? endorsement.cloud : undefined,
    },
  };
}

function checkSigningKey({ signingKey }: SnpReport, { endorsement }: VerifiedEndorsement): void {
  if (signingKey === endorsement.kind) return;
  throw new VerifierError('ERR_SNP_SIGNING_KEY', 'the report was signed by another kind of key', {
    expected: endorsement.kind.toUpperCase(),
    seen: signingKey.toUpperCase(),
  });
}

async function verifySignature(report: SnpReport, { key }: VerifiedEndorsement): Promise<void> {
  // AMD specification 56860, section 7.3: ECDSA P-384 with SHA-384.
  if (await ecdsaHolds(key, 'SHA-384', report.signature, report.signedRegion)) return;
  throw new VerifierError('ERR_SNP_SIGNATURE', 'the SNP report’s signature is wrong', {
    hint: 'the report was changed after it was made, or was not made by this key',
  });
}

// The key is derived from the TCB it is certified for, so another one in the report is a contradiction. All eight bytes
// count, also the reserved ones.
function checkTcb({ reportedTcb }: SnpReport, { endorsement }: VerifiedEndorsement): void {
  const { tcb, product } = endorsement;
  if (equalBytes(reportedTcb, tcb)) return;
  throw new VerifierError('ERR_SNP_TCB_MISMATCH', 'the report’s TCB is not the certified one', {
    expected: `${describeSnpTcb(readTcb(tcb, product))} (${toHex(tcb)})`,
    seen: `${describeSnpTcb(readTcb(reportedTcb, product))} (${toHex(reportedTcb)})`,
  });
}

// A masked chip id is zero in the report; the VCEK, which only that chip can use, still names it. A VLEK names no chip.
function checkChip({ chipId }: SnpReport, endorsement: SnpEndorsement): void {
  if (endorsement.kind === 'vlek' || isAllZero(chipId)) return;
  const expected = new Uint8Array(chipId.length);
  expected.set(endorsement.chipId);
  if (equalBytes(chipId, expected)) return;
  throw new VerifierError('ERR_SNP_CHIP_MISMATCH', 'the report is from another chip', {
    expected: toHex(expected),
    seen: toHex(chipId),
  });
}

// The certified product decides how TCB versions are read, so a report must not say that it is of another kind.
function checkFamily({ cpuid }: SnpReport, { product }: SnpEndorsement): void {
  if (cpuid === undefined || cpuid.family === product.cpuFamily) return;
  throw new VerifierError('ERR_SNP_CHIP_MISMATCH', 'the report is from another kind of chip', {
    expected: `CPUID family 0x${product.cpuFamily.toString(16)}, ${product.name}`,
    seen: `0x${cpuid.family.toString(16)}`,
  });
}
