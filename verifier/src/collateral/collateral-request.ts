// SPDX-License-Identifier: Apache-2.0
import {
  type Collateral,
  decodePem,
  parseAuthorityCertificate,
  parsePckExtension,
  type Quote,
  toHex,
} from '@proofgate/evidence';
import type { Signal } from '../web-platform.ts';

/** Which collateral a quote needs. */
export interface CollateralRequest {
  readonly tee: 'tdx' | 'sgx';
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  /** The CA that issued the platform's PCK. */
  readonly ca: 'platform' | 'processor';
  /** The time of verification, for sources that hold several generations. */
  readonly at: Date;
}

/** Anything that can supply collateral: a bundle, a directory of them, a provisioning service. */
export type CollateralSource = (request: CollateralRequest, signal?: Signal) => Promise<Collateral>;

/**
 * Reads from a quote which collateral it needs. The quote is not verified; a wrong answer leads to collateral that
 * does not fit and is refused.
 *
 * @throws EvidenceError when the PCK certificate cannot be read
 */
export function collateralRequest(quote: Quote, at: Date): CollateralRequest {
  const [der] = decodePem(quote.signature.certificateChainPem, 'CERTIFICATE');
  const pck = parseAuthorityCertificate(der);
  const processor = pck.issuer.text.includes('PCK Processor CA');
  return {
    tee: quote.kind,
    fmspc: toHex(parsePckExtension(pck).fmspc),
    ca: processor ? 'processor' : 'platform',
    at,
  };
}
