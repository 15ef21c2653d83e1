// SPDX-License-Identifier: Apache-2.0
import type { JournalEntry, RotationStep } from '../journal/journal-entry.ts';

/** The two intermediaries of a rotation, by serial number in hex. */
export interface Rotation {
  readonly previous: string;
  readonly serial: string;
}

/** A rotation with the last step that was taken. */
export interface RotationRecord extends Rotation {
  readonly step: RotationStep;
}

/**
 * The rotation that was begun last to replace an intermediary.
 *
 * @param entries - of the journal
 * @param previous - serial number of that intermediary in hex
 */
export function rotationFrom(
  entries: readonly JournalEntry[],
  previous: string,
): RotationRecord | undefined {
  return [...records(entries).values()].findLast((record) => record.previous === previous);
}

/**
 * The rotations that have led to an intermediary, the last one first.
 *
 * @param entries - of the journal
 * @param current - serial number of that intermediary in hex
 */
export function rotationsTo(
  entries: readonly JournalEntry[],
  current: string,
): readonly RotationRecord[] {
  const all = records(entries);
  const found: RotationRecord[] = [];
  // Each serial number is used once: a journal that led back to one would lead in a circle.
  const seen = new Set([current]);
  for (let record = all.get(current); record !== undefined; record = all.get(record.previous)) {
    const done = record.step === 'activate' || record.step === 'retire';
    if (!done || seen.has(record.previous)) break;
    seen.add(record.previous);
    found.push(record);
  }
  return found;
}

/** By the certificate that takes over, in the order in which they began. */
function records(entries: readonly JournalEntry[]): ReadonlyMap<string, RotationRecord> {
  const found = new Map<string, RotationRecord>();
  for (const { event } of entries) {
    if (event.type !== 'rotate') continue;
    const { serial, previous, step } = event;
    found.set(serial, { serial, previous, step });
  }
  return found;
}
