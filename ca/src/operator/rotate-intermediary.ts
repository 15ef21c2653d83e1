// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { encodePem, type Certificate } from '@proofgate/evidence';
import type { CaIdentity } from '../authorities/ca-request.ts';
import { CaError } from '../errors.ts';
import { encodePrivateKey } from '../keys/encrypted-private-key.ts';
import { createKeyPair, type KeyType } from '../keys/key-type.ts';
import type { JournalEntry } from '../journal/journal-entry.ts';
import type { IssuedCertificate } from '../journal/journal-state.ts';
import { currentSerial, makeCurrent, removeGeneration, writeGeneration } from './generations.ts';
import { issueIntermediary } from './issue-intermediary.ts';
import type { OperatorCa } from './operator-ca.ts';
import { renewalTemplate } from './renewal-template.ts';
import { revokeCertificate } from './revoke-certificate.ts';

/** The two intermediaries of a rotation, by serial number in hex. */
export interface Rotation {
  readonly previous: string;
  readonly serial: string;
}

/** What preparing a rotation takes. */
export interface PrepareOptions {
  /** Directory of the machine's intermediary. */
  readonly out: string;
  readonly root: CaIdentity;
  readonly keyType: KeyType;
  readonly days: number;
  readonly at: Date;
}

/**
 * First step: a new key and certificate with the names and limits of the current ones, written beside them. Nothing
 * changes for the machine.
 *
 * @throws CaError `ERR_CA_ROTATION` when one is prepared already, or what issuing throws
 */
export async function prepareRotation(ca: OperatorCa, options: PrepareOptions): Promise<Rotation> {
  const { out, root, keyType, days, at } = options;
  const previous = await requireCurrent(ca, out);
  const pending = pendingRotation(ca.journal.entries, previous.serial);
  if (pending !== undefined) {
    throw outOfOrder('a rotation is prepared already', 'no rotation', pending.serial);
  }
  const { publicKey, privateKey } = await createKeyPair(keyType);
  const template = renewalTemplate(previous.certificate);
  const issued = await issueIntermediary(ca, {
    ...template,
    root,
    publicKey,
    days,
    at,
    key: 'generated',
  });
  await writeGeneration(out, generation(issued.serial, issued.certificate, privateKey));
  const rotation = { serial: issued.serial, previous: previous.serial };
  await ca.journal.append({ type: 'rotate', step: 'prepare', ...rotation }, at);
  return rotation;
}

/**
 * Second step: the prepared intermediary becomes the current one. Leaves of the old one stay valid.
 *
 * @throws CaError `ERR_CA_ROTATION` when none is prepared
 */
export async function activateRotation(ca: OperatorCa, out: string, at: Date): Promise<Rotation> {
  const { serial } = await requireCurrent(ca, out);
  const { entries } = ca.journal;
  const interrupted = rotationOf(entries, 'activate', ({ previous }) => previous === serial);
  const rotation = interrupted ?? pendingRotation(entries, serial);
  if (rotation === undefined) throw outOfOrder('no rotation is prepared', 'a prepared one', 'none');
  if (interrupted === undefined) {
    await ca.journal.append({ type: 'rotate', step: 'activate', ...rotation }, at);
  }
  await makeCurrent(out, rotation.serial);
  return rotation;
}

/**
 * Last step: the old intermediary is revoked as superseded, and its key removed. Leaves that it signed are worth nothing
 * from then on to clients that ask for revocation lists.
 *
 * @throws CaError `ERR_CA_ROTATION` when none was activated
 */
export async function retireRotation(ca: OperatorCa, out: string, at: Date): Promise<Rotation> {
  const { serial: current } = await requireCurrent(ca, out);
  const { entries } = ca.journal;
  const rotation = rotationOf(entries, 'activate', ({ serial }) => serial === current);
  if (rotation === undefined) throw outOfOrder('no rotation was activated', 'one', 'none');
  const retired = rotationOf(entries, 'retire', ({ serial }) => serial === current);
  if (retired === undefined) {
    const { revoked } = requireIssued(ca, rotation.previous);
    if (revoked === undefined) {
      await revokeCertificate(ca, { serial: rotation.previous, reason: 'superseded', at });
    }
    await ca.journal.append({ type: 'rotate', step: 'retire', ...rotation }, at);
  }
  await removeGeneration(out, rotation.previous);
  return rotation;
}

function pendingRotation(entries: readonly JournalEntry[], previous: string): Rotation | undefined {
  return rotationOf(entries, 'prepare', (rotation) => rotation.previous === previous);
}

function rotationOf(
  entries: readonly JournalEntry[],
  step: 'prepare' | 'activate' | 'retire',
  matches: (rotation: Rotation) => boolean,
): Rotation | undefined {
  const found = entries.findLast(
    ({ event }) => event.type === 'rotate' && event.step === step && matches(event),
  );
  if (found?.event.type !== 'rotate') return undefined;
  const { serial, previous } = found.event;
  return { serial, previous };
}

async function requireCurrent(
  ca: OperatorCa,
  out: string,
): Promise<{ readonly serial: string; readonly certificate: Certificate }> {
  const serial = await currentSerial(out);
  if (serial === undefined) {
    throw outOfOrder(`${out} holds no intermediary of this CA`, 'intermediary.pem', 'none');
  }
  return { serial, certificate: requireIssued(ca, serial).certificate };
}

function requireIssued(ca: OperatorCa, serial: string): IssuedCertificate {
  const issued = ca.state().issued.get(serial);
  if (issued !== undefined) return issued;
  throw new CaError('ERR_CA_NOT_ISSUED', `this CA has not issued ${serial}`, { seen: serial });
}

function generation(
  serial: string,
  certificate: Uint8Array,
  privateKey: KeyObject,
): Parameters<typeof writeGeneration>[1] {
  return {
    serial,
    certificatePem: encodePem('CERTIFICATE', certificate),
    keyPem: encodePrivateKey(privateKey),
  };
}

function outOfOrder(message: string, expected: string, seen: string): CaError {
  return new CaError('ERR_CA_ROTATION', message, {
    expected,
    seen,
    hint: 'the steps are prepare, activate, retire',
  });
}
