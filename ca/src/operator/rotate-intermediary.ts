// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { encodePem, type Certificate } from '@proofgate/evidence';
import type { CaIdentity } from '../authorities/ca-request.ts';
import { CaError } from '../errors.ts';
import { encodePrivateKey } from '../keys/encrypted-private-key.ts';
import { createKeyPair, type KeyType } from '../keys/key-type.ts';
import type { RevocationReason } from '../journal/journal-entry.ts';
import { currentSerial, makeCurrent, removeGeneration, writeGeneration } from './generations.ts';
import { issueIntermediary } from './issue-intermediary.ts';
import type { OperatorCa } from './operator-ca.ts';
import { renewalTemplate } from './renewal-template.ts';
import { revokeCertificate } from './revoke-certificate.ts';
import {
  rotationFrom,
  rotationsTo,
  type Rotation,
  type RotationRecord,
} from './rotation-history.ts';
import { isUsable, requireIssued, requireUsable } from './usable-intermediary.ts';

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
 * @throws CaError `ERR_CA_ROTATION` when another rotation is under way, or what issuing throws
 */
export async function prepareRotation(ca: OperatorCa, options: PrepareOptions): Promise<Rotation> {
  const { out, root, keyType, days, at } = options;
  const previous = await requireCurrent(ca, out);
  await requireNoneUnderWay(ca, out, previous.serial, at);
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
 * @throws CaError `ERR_CA_ROTATION` when none is prepared, or the prepared one is revoked or not there; as `loadIssuer`
 *   when it cannot issue
 */
export async function activateRotation(ca: OperatorCa, out: string, at: Date): Promise<Rotation> {
  const { serial: current } = await requireCurrent(ca, out);
  const { step, ...rotation } = requirePrepared(ca, current);
  await requireUsable(ca, out, rotation.serial, at);
  // Journalled already when the process that did it was interrupted before it replaced the link.
  if (step === 'prepare') {
    await ca.journal.append({ type: 'rotate', step: 'activate', ...rotation }, at);
  }
  await makeCurrent(out, rotation.serial);
  return rotation;
}

/**
 * Last step: the old intermediary is revoked as superseded, and its key removed; so are older ones that were left over.
 * Leaves that they signed are worth nothing from then on to clients that ask for revocation lists.
 *
 * @throws CaError `ERR_CA_ROTATION` when none was activated, or the new one is revoked or not there; as `loadIssuer`
 *   when it cannot issue
 */
export async function retireRotation(ca: OperatorCa, out: string, at: Date): Promise<Rotation> {
  const { serial: current } = await requireCurrent(ca, out);
  const records = rotationsTo(ca.journal.entries, current);
  const [last] = records;
  if (last === undefined) throw outOfOrder('no rotation was activated', 'one', 'none');
  await requireUsable(ca, out, current, at);
  for (const { step, ...rotation } of records) {
    if (step === 'activate') {
      await end(ca, rotation.previous, 'superseded', at);
      await ca.journal.append({ type: 'rotate', step: 'retire', ...rotation }, at);
    }
    await removeGeneration(out, rotation.previous);
  }
  return { serial: last.serial, previous: last.previous };
}

/**
 * Instead of the second step: the prepared intermediary, which nobody has used, is revoked and its key removed. Nothing
 * changes for the machine, and another one can be prepared.
 *
 * @throws CaError `ERR_CA_ROTATION` when none is prepared
 */
export async function abandonRotation(ca: OperatorCa, out: string, at: Date): Promise<Rotation> {
  const { serial: current } = await requireCurrent(ca, out);
  const last = rotationFrom(ca.journal.entries, current);
  const { step, ...rotation } = last?.step === 'abandon' ? last : requirePrepared(ca, current);
  if (step !== 'abandon') {
    await end(ca, rotation.serial, 'cessationOfOperation', at);
    await ca.journal.append({ type: 'rotate', step: 'abandon', ...rotation }, at);
  }
  await removeGeneration(out, rotation.serial);
  return rotation;
}

/** A rotation that has begun, and of which the machine has not seen anything yet. */
function requirePrepared(ca: OperatorCa, current: string): RotationRecord {
  const record = rotationFrom(ca.journal.entries, current);
  if (record?.step === 'prepare' || record?.step === 'activate') return record;
  throw outOfOrder('no rotation is prepared', 'a prepared one', 'none');
}

async function requireNoneUnderWay(
  ca: OperatorCa,
  out: string,
  current: string,
  at: Date,
): Promise<void> {
  const { entries } = ca.journal;
  const begun = rotationFrom(entries, current);
  if (begun?.step === 'prepare' || begun?.step === 'activate') {
    throw outOfOrder('a rotation is prepared already', 'no rotation', begun.serial);
  }
  const active = rotationsTo(entries, current).find(({ step }) => step === 'activate');
  // Nothing can be retired in favour of one that cannot issue: the next one is then the only way on.
  if (active !== undefined && (await isUsable(ca, out, current, at))) {
    const seen = `${active.previous}, which is not retired`;
    throw outOfOrder('the rotation before has not ended', 'no rotation', seen);
  }
}

/** Somebody may have revoked it before, for a reason of theirs. */
async function end(
  ca: OperatorCa,
  serial: string,
  reason: RevocationReason,
  at: Date,
): Promise<void> {
  if (requireIssued(ca, serial).revoked === undefined) {
    await revokeCertificate(ca, { serial, reason, at });
  }
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
    hint: 'the steps are prepare, activate, retire; abandon gives up what is prepared',
  });
}
