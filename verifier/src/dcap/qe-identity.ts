// SPDX-License-Identifier: Apache-2.0
import {
  type DatedDocument,
  openDocument,
  readDates,
  readIsvSvnLevels,
  readWord,
} from './collateral-document.ts';
import type { IsvSvnLevel } from './isv-svn-level.ts';

/** What Intel says its quoting enclave looks like (PCS API v4, enclave identity version 2). */
export interface QeIdentity extends DatedDocument {
  readonly tee: 'tdx' | 'sgx';
  /** 4 bytes, big-endian; compared under the mask. */
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  /** 16 bytes; compared under the mask, which is what forbids a debug enclave. */
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  /** 32 bytes. */
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  /** Highest first. */
  readonly levels: readonly IsvSvnLevel[];
}

/**
 * Reads a QE identity. Its signature must have been verified before the result is used.
 *
 * @param text the signed bytes, as served
 * @throws VerifierError `ERR_DCAP_COLLATERAL_INVALID`
 */
export function parseQeIdentity(text: string): QeIdentity {
  const fields = openDocument(text, 'QE identity');
  fields.integer('version', 2, 2);
  return {
    ...readDates(fields),
    tee: readWord(fields, 'id', ['TD_QE', 'QE']) === 'TD_QE' ? 'tdx' : 'sgx',
    miscSelect: fields.hex('miscselect', 4),
    miscSelectMask: fields.hex('miscselectMask', 4),
    attributes: fields.hex('attributes', 16),
    attributesMask: fields.hex('attributesMask', 16),
    mrSigner: fields.hex('mrsigner', 32),
    isvProdId: fields.integer('isvprodid', 0, 0xffff),
    levels: readIsvSvnLevels(fields),
  };
}
