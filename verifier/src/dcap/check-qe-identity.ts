// SPDX-License-Identifier: Apache-2.0
import { equalBytes, type SgxReport, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import type { QeIdentity } from './qe-identity.ts';

/**
 * Demands that a quoting enclave is the one that Intel names, and not in debug mode. Its version is judged apart, as
 * part of the TCB.
 *
 * @throws VerifierError `ERR_DCAP_QE_IDENTITY`
 */
export function checkQeIdentity(report: SgxReport, identity: QeIdentity): void {
  // Intel DCAP library, step 4.1.2.5.16. MISCSELECT is a little-endian number in the report, big-endian in the JSON.
  const miscSelect = bigEndian(report.miscSelect);
  compare('MISCSELECT', mask(miscSelect, identity.miscSelectMask), identity.miscSelect);
  compare('ATTRIBUTES', mask(report.attributes, identity.attributesMask), identity.attributes);
  compare('MRSIGNER', report.mrSigner, identity.mrSigner);
  if (report.isvProdId !== identity.isvProdId) {
    refuse('ISVPRODID', String(identity.isvProdId), String(report.isvProdId));
  }
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function mask(value: Uint8Array, bits: Uint8Array): Uint8Array {
  return value.map((byte, index) => byte & (bits[index] ?? 0xff));
}

function compare(name: string, seen: Uint8Array, expected: Uint8Array): void {
  if (!equalBytes(seen, expected)) refuse(name, toHex(expected), toHex(seen));
}

function refuse(name: string, expected: string, seen: string): never {
  throw new VerifierError('ERR_DCAP_QE_IDENTITY', `the QE’s ${name} is not Intel’s`, {
    expected,
    seen,
  });
}
