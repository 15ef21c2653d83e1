// SPDX-License-Identifier: Apache-2.0
import { CaError } from '../errors.ts';
import type { RevocationReason } from '../journal/journal-entry.ts';
import type { OperatorCa } from './operator-ca.ts';

/** Which certificate is not to be trusted any more, and why. */
export interface RevokeOptions {
  /** Content octets of the serial number in hex. */
  readonly serial: string;
  readonly reason: RevocationReason;
  readonly at: Date;
}

/**
 * Journals a revocation. Clients learn of it from the next revocation list.
 *
 * @param ca - the open directory
 * @param options - what and why
 * @throws CaError `ERR_CA_NOT_ISSUED`, `ERR_CA_ALREADY_REVOKED`, `ERR_CA_JOURNAL_FAILED`
 */
export async function revokeCertificate(
  ca: OperatorCa,
  { serial, reason, at }: RevokeOptions,
): Promise<void> {
  const issued = ca.state().issued.get(serial);
  if (issued === undefined) {
    throw new CaError('ERR_CA_NOT_ISSUED', `this CA has not issued ${serial}`, {
      expected: 'a serial number that the journal has',
      seen: serial,
      hint: '`proofgate ca journal` lists what was issued',
    });
  }
  if (issued.revoked !== undefined) {
    throw new CaError('ERR_CA_ALREADY_REVOKED', `${serial} is revoked already`, {
      seen: `${issued.revoked.reason} at ${issued.revoked.at}`,
    });
  }
  await ca.journal.append({ type: 'revoke', serial, reason }, at);
}
