// SPDX-License-Identifier: Apache-2.0

/** Names of the files in the directory of a CA. */
export const CA_FILES = {
  root: 'root.pem',
  rootKey: 'root.key',
  journal: 'journal.jsonl',
  /** Every certificate that was issued, as `<serial>.pem`. */
  issued: 'issued',
  /** The latest revocation list, as PEM and as the DER that clients fetch. */
  crlPem: 'root.crl.pem',
  crlDer: 'root.crl',
} as const;
