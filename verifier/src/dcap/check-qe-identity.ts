// SPDX-License-Identifier: Apache-2.0
import type { SgxReport } from '@proofgate/evidence';
import { demandBytes } from '../errors.ts';
import { maskedBytes } from './masked-bytes.ts';
import type { QeIdentity } from './qe-identity.ts';

/**
 * Demands that a quoting enclave is the one that Intel names, and not in debug mode. Its version is judged apart, as
 * part of the TCB.
 *
 * @throws VerifierError `ERR_DCAP_QE_IDENTITY`
 */
export function checkQeIdentity(report: SgxReport, identity: QeIdentity): void {
  const demand = (what: string, expected: Uint8Array, seen: Uint8Array): void => {
    demandBytes('ERR_DCAP_QE_IDENTITY', `${what} of the QE`, expected, seen);
  };
  // Intel DCAP library, step 4.1.2.5.16. MISCSELECT is a little-endian number in the report, big-endian in the JSON.
  const miscSelect = maskedBytes(bigEndian(report.miscSelect), identity.miscSelectMask);
  demand('MISCSELECT', identity.miscSelect, miscSelect);
  const attributes = maskedBytes(report.attributes, identity.attributesMask);
  demand('ATTRIBUTES', identity.attributes, attributes);
  demand('MRSIGNER', identity.mrSigner, report.mrSigner);
  demand('ISVPRODID', bigEndian(identity.isvProdId), bigEndian(report.isvProdId));
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
