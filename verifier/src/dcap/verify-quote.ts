// SPDX-License-Identifier: Apache-2.0
import { parseQuote, QE_VENDOR_INTEL_HEX, toHex } from '@proofgate/evidence';
import type { QuoteClaims } from '../claims.ts';
import { refuse } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { checkedTime, checkWindows } from '../x509/time-window.ts';
import { checkPlatform } from './check-platform.ts';
import { checkQeIdentity } from './check-qe-identity.ts';
import { checkTdxModule } from './check-tdx-module.ts';
import { evaluateTcb } from './evaluate-tcb.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';
import { claimsOf } from './quote-claims.ts';
import { verifyPck } from './verify-pck.ts';
import { checkAttestationKey, verifyQeReport } from './verify-qe-report.ts';
import { verifyQuoteSignature } from './verify-quote-signature.ts';

/** How a quote is judged. */
export interface VerifyQuoteOptions {
  /** The time of verification; every date is checked against it, those of the collateral too. */
  readonly at: Date;
}

/**
 * Verifies a TDX or SGX quote by Intel's rules (DCAP). It says nothing about what the quote is for: bind it with
 * {@link checkBinding} and judge its claims with {@link applyPolicy}. A debug TD, for one, verifies.
 *
 * @param bytes the quote as it came, with or without padding
 * @param collateral from {@link prepareCollateral}, for the quote's kind of platform
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_*`, `ERR_DCAP_*`; EvidenceError for bytes that are no quote
 */
export async function verifyQuote(
  bytes: Uint8Array,
  collateral: PreparedCollateral,
  options: VerifyQuoteOptions,
): Promise<QuoteClaims> {
  const at = checkedTime(options.at);
  const quote = parseQuote(bytes);
  // The vendor id stands for the meaning of everything after the header.
  const vendor = toHex(quote.header.qeVendorId);
  if (vendor !== QE_VENDOR_INTEL_HEX) {
    refuse('ERR_DCAP_QE_VENDOR', 'the vendor of the QE', QE_VENDOR_INTEL_HEX, vendor);
  }
  // Intel DCAP library, steps 4.1.2.5.10 and 4.1.2.5.15.
  if (quote.kind !== collateral.tee) {
    refuse('ERR_DCAP_COLLATERAL_MISMATCH', 'TCB info', quote.kind, collateral.tee);
  }
  checkWindows(collateral.windows, at);

  const { platformKeys, pckCa, root } = collateral;
  const [{ chain, pck, platform }, attestationKey] = await inOrder([
    platformKeys.material(quote.signature.certificateChainPem, [
      pckCa.certificate,
      root.certificate,
    ]),
    platformKeys.attestationKey(quote.signature.attestationKey),
  ]);
  await inOrder([
    verifyPck(chain, collateral, at),
    verifyQeReport(quote.signature, pck),
    verifyQuoteSignature(quote, attestationKey),
    checkAttestationKey(quote.signature),
  ]);

  checkPlatform(platform, collateral.tcbInfo);
  checkQeIdentity(quote.signature.qeReport, collateral.qeIdentity);
  if (quote.kind === 'tdx') checkTdxModule(quote.body, collateral.tcbInfo);
  return claimsOf(quote, platform, evaluateTcb(quote, platform, collateral), collateral);
}
