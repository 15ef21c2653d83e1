// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { loadIssuer } from '../issuer/load-issuer.ts';
import type { IssuedCertificate } from '../journal/journal-state.ts';
import { readGeneration, type Generation } from './generations.ts';
import type { OperatorCa } from './operator-ca.ts';

/**
 * What the journal says of a certificate of this CA.
 *
 * @param ca - the open directory
 * @param serial - its serial number in hex
 * @throws CaError `ERR_CA_NOT_ISSUED`
 */
export function requireIssued(ca: OperatorCa, serial: string): IssuedCertificate {
  const issued = ca.state().issued.get(serial);
  if (issued !== undefined) return issued;
  throw new CaError('ERR_CA_NOT_ISSUED', `this CA has not issued ${serial}`, { seen: serial });
}

/**
 * Makes sure that a machine can issue with an intermediary: its files are there and fit, it is the one in the journal,
 * valid now and not revoked. Before that is known nothing may be taken away that can issue.
 *
 * @param ca - the open directory
 * @param out - directory of the machine's intermediary
 * @param serial - of the intermediary, in hex
 * @param at - the current time
 * @throws CaError `ERR_CA_ROTATION`, `ERR_CA_NOT_ISSUED` or as `loadIssuer`
 */
export async function requireUsable(
  ca: OperatorCa,
  out: string,
  serial: string,
  at: Date,
): Promise<void> {
  const { certificate, revoked } = requireIssued(ca, serial);
  if (revoked !== undefined) {
    throw unusable(`${serial} is revoked`, `${revoked.reason} at ${revoked.at}`);
  }
  const { certificatePem, keyPem } = await readFiles(out, serial);
  const issuer = loadIssuer({ certificatePem, privateKeyPem: keyPem, at });
  if (Buffer.compare(issuer.certificate.raw, certificate.raw) !== 0) {
    throw unusable(
      `the files of ${serial} hold another certificate than the journal`,
      toHex(issuer.certificate.serialNumber),
    );
  }
}

/**
 * Whether {@link requireUsable} accepts it.
 *
 * @param ca - the open directory
 * @param out - directory of the machine's intermediary
 * @param serial - of the intermediary, in hex
 * @param at - the current time
 */
export async function isUsable(
  ca: OperatorCa,
  out: string,
  serial: string,
  at: Date,
): Promise<boolean> {
  try {
    await requireUsable(ca, out, serial, at);
    return true;
  } catch (error) {
    if (error instanceof CaError) return false;
    throw error;
  }
}

async function readFiles(out: string, serial: string): Promise<Generation> {
  try {
    return await readGeneration(out, serial);
  } catch (error) {
    const missing = error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING';
    if (missing) throw unusable(`${out} does not hold ${serial} whole`, error.message);
    throw error;
  }
}

function unusable(message: string, seen: string): CaError {
  return new CaError('ERR_CA_ROTATION', message, {
    expected: 'an intermediary with its key that can issue',
    seen,
    hint: 'bring its files back, or give it up: `proofgate ca rotate abandon` before it is activated, `prepare` after',
  });
}
