// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { canonicalJson } from '@proofgate/evidence';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type { InstanceRecord } from '../supervision/runtime.ts';

/** One version of a workload, as it is in the event log. */
export interface WorkloadVersion {
  readonly measured: MeasuredWorkload;
  /** Root of its configuration tree, hex. */
  readonly root: string;
}

/** Enough to tell the versions on one machine apart; the names have to fit into the path of a socket. */
const ID_CHARACTERS = 16;

/**
 * Names a version, the same after a restart of the launcher. A version that differs in anything measured or declared has
 * another name, so what belongs to the one never reaches the other.
 *
 * @param measured - the version
 * @returns 16 hex digits
 */
export function versionId(measured: MeasuredWorkload): string {
  return shortDigest(canonicalJson(measured));
}

/**
 * Another name, for when a name is taken.
 *
 * @param id - the name that is taken
 * @returns 16 hex digits
 */
export function nextId(id: string): string {
  return shortDigest(`after ${id}`);
}

/**
 * Names a run of a workload, unlike any other of this boot.
 *
 * @param record - what is remembered of it
 * @returns a name
 */
export function instanceName(record: InstanceRecord): string {
  return record.runtime === 'process'
    ? `process ${String(record.pid)} since ${String(record.startTime)}`
    : `${record.runtime} ${record.id}`;
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, ID_CHARACTERS);
}
