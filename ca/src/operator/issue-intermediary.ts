// SPDX-License-Identifier: Apache-2.0
import { parseCertificate, toBase64, toHex } from '@proofgate/evidence';
import {
  signIntermediary,
  type SignIntermediaryOptions,
} from '../authorities/create-intermediary.ts';
import type { JournalEvent } from '../journal/journal-entry.ts';
import { release, type OperatorCa } from './operator-ca.ts';

/** What the machine's intermediary is to be, and where its key comes from. */
export interface IssueIntermediaryOptions extends SignIntermediaryOptions {
  /** Who made the key: this CA, or whoever sent the request. */
  readonly key: 'generated' | 'requested';
  /** Digest of the evidence that an attested enrolment was granted on, in hex. */
  readonly evidenceSha256?: string;
}

/** An intermediary that is in the journal. */
export interface IssuedIntermediary {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Content octets of the serial number in hex. */
  readonly serial: string;
}

/**
 * Issues the intermediary of a machine: authorise, sign, read back, journal, release. Nobody sees a certificate that is
 * not on disk in the journal.
 *
 * @param ca - the open directory
 * @param options - as `signIntermediary`, and the machine's key
 * @returns the certificate
 * @throws CaError as `signIntermediary`, and `ERR_CA_JOURNAL_FAILED`
 */
export async function issueIntermediary(
  ca: OperatorCa,
  { key, evidenceSha256, ...options }: IssueIntermediaryOptions,
): Promise<IssuedIntermediary> {
  const certificate = await signIntermediary(options);
  const serial = toHex(parseCertificate(certificate).serialNumber);
  const event: JournalEvent = {
    type: 'issue',
    profile: 'intermediary',
    serial,
    certificate: toBase64(certificate),
    key,
    ...(evidenceSha256 === undefined ? {} : { evidence_sha256: evidenceSha256 }),
  };
  await ca.journal.append(event, options.at);
  await release(ca.directory, certificate, serial);
  return { certificate, serial };
}
