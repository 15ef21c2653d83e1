// SPDX-License-Identifier: Apache-2.0
import type { Sha384 } from '../bytes/fixed-bytes.ts';
import { EvidenceError } from '../errors.ts';
import { emptyRegister, extendRegister } from './register-replay.ts';
import { digestRuntimeEvent, type RuntimeEvent, type WorkloadLoadEvent } from './runtime-event.ts';

/**
 * Most events in a log: one machine that loads and unloads a workload every hour for a month has
 * 1440.
 */
export const MAX_RUNTIME_EVENTS = 4096;

/** A workload that the log proves to be loaded. Digests are 64 hex digits. */
export interface LoadedWorkload {
  readonly name: string;
  readonly imageRef: string;
  readonly imageDigest: string;
  readonly configRoot: string;
  readonly specDigest: string;
}

/**
 * Computes what RTMR3 holds after a log of run-time events.
 *
 * @returns 48 bytes, to be compared with RTMR3 of a verified quote
 * @throws EvidenceError `ERR_RUNTIME_EVENT_ORDER` when the log is too long
 */
export function replayRuntimeEvents(events: readonly RuntimeEvent[]): Sha384 {
  checkCount(events);
  return events.reduce<Sha384>(
    (register, event) => extendRegister(register, digestRuntimeEvent(event)),
    emptyRegister(),
  );
}

/**
 * Lists the workloads that have been loaded and not unloaded since.
 *
 * A name that was loaded twice with different content is listed twice: nothing proves that the
 * first one is gone, and a policy has to accept both. Loading the same content again, as after a
 * restart, changes nothing.
 *
 * @param events a log whose replay equals RTMR3; a log that has not been compared proves nothing
 * @throws EvidenceError `ERR_RUNTIME_EVENT_ORDER` when something is unloaded that was not loaded
 */
export function loadedWorkloads(events: readonly RuntimeEvent[]): LoadedWorkload[] {
  checkCount(events);
  let loaded: LoadedWorkload[] = [];
  for (const event of events) {
    if (event.type === 'proofgate.workload.load') {
      const workload = loadedBy(event);
      if (!loaded.some((other) => isSame(other, workload))) loaded.push(workload);
    } else if (event.type === 'proofgate.workload.unload') {
      const remaining = loaded.filter(({ name }) => name !== event.name);
      if (remaining.length === loaded.length) {
        throw new EvidenceError(
          'ERR_RUNTIME_EVENT_ORDER',
          `workload ${event.name} is unloaded without having been loaded`,
        );
      }
      loaded = remaining;
    }
  }
  return loaded;
}

function loadedBy(event: WorkloadLoadEvent): LoadedWorkload {
  return {
    name: event.name,
    imageRef: event.image_ref,
    imageDigest: event.image_digest,
    configRoot: event.config_root,
    specDigest: event.spec_digest,
  };
}

function isSame(a: LoadedWorkload, b: LoadedWorkload): boolean {
  return (
    a.name === b.name &&
    a.imageRef === b.imageRef &&
    a.imageDigest === b.imageDigest &&
    a.configRoot === b.configRoot &&
    a.specDigest === b.specDigest
  );
}

function checkCount(events: readonly RuntimeEvent[]): void {
  if (events.length > MAX_RUNTIME_EVENTS) {
    throw new EvidenceError('ERR_RUNTIME_EVENT_ORDER', 'run-time event log is too long', {
      expected: `at most ${MAX_RUNTIME_EVENTS} events`,
      seen: `${events.length} events`,
    });
  }
}
