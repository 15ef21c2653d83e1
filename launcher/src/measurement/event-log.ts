// SPDX-License-Identifier: Apache-2.0
import type { MeasurementRegister } from '@proofgate/attester';
import {
  digestRuntimeEvent,
  equalBytes,
  extendRegister,
  MAX_RUNTIME_EVENTS,
  replayRuntimeEvents,
  toHex,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { readStoredLog, writeStoredLog, type StoredLog } from './event-log-file.ts';

/** Kept for what must always be possible: to end what runs, and to say so; to take another CA. */
export const RESERVED_EVENTS = 512;

/**
 * The runtime event log and the register that proves it, kept in step across crashes.
 *
 * An extended register cannot be taken back, so the order is: what is about to be recorded is written to the file as
 * pending, then the register is extended, then the file says that it is done. Whatever moment the launcher dies at, the
 * register shows afterwards how much of what was pending counts.
 */
export class EventLog {
  readonly #path: string;
  readonly #register: MeasurementRegister;
  #events: readonly RuntimeEvent[];
  /** Events of which only the register knows how many count. Nothing may take their place in the file. */
  #pending: readonly RuntimeEvent[];
  #last: Promise<void> = Promise.resolve();
  /** Steps that were asked for and have not begun. */
  #waiting: Step[] = [];

  private constructor(path: string, register: MeasurementRegister, stored: StoredLog) {
    this.#path = path;
    this.#register = register;
    this.#events = stored.events;
    this.#pending = stored.pending;
  }

  /**
   * Opens the log of this boot of the platform. A log of an earlier boot, recognised by a register that is still
   * zero, is replaced by an empty one.
   *
   * @param path - the log's file
   * @param register - RTMR3
   * @returns the log; it replays to the register
   * @throws LauncherError ERR_LAUNCHER_EVENT_LOG_INVALID when the file is unreadable and the register is not zero;
   *   ERR_LAUNCHER_EVENT_LOG_MISMATCH when the register is neither zero nor what the file replays to;
   *   ERR_LAUNCHER_EVENT_LOG_UNSETTLED when what an earlier launcher had begun to record cannot be completed
   */
  static async open(path: string, register: MeasurementRegister): Promise<EventLog> {
    const value = await register.read();
    const untouched = value.every((byte) => byte === 0);
    const stored = await readStoredLog(path).catch((error: unknown) => {
      // What an earlier boot left is of no use anyway.
      if (untouched) return EMPTY_LOG;
      throw error;
    });
    const counted = countPending(stored, value);
    if (counted === undefined && !untouched) throw mismatch(stored, value);
    const log = new EventLog(path, register, counted === undefined ? EMPTY_LOG : stored);
    await log.#settlePending();
    await writeStoredLog(path, { events: log.#events, pending: [] });
    return log;
  }

  /** All events of this boot, oldest first. Events that were recorded together appear together. */
  get events(): readonly RuntimeEvent[] {
    return this.#events;
  }

  /**
   * Appends events and extends the register with each. What they describe must take effect only after this has returned.
   * Events are in the order of the calls. Calls that wait while an earlier one is written down are written down together.
   *
   * Several events are one step: no log with only some of them is shown to anybody, and a launcher that dies in between
   * completes them when it starts again.
   *
   * @param events - what is about to happen
   * @throws LauncherError ERR_LAUNCHER_EVENT_LOG_FULL; ERR_LAUNCHER_EVENT_LOG_MISMATCH when the register is not what the log
   *   replays to afterwards; ERR_LAUNCHER_EVENT_LOG_UNSETTLED when the register cannot be read or a step was not completed,
   *   so that these or earlier events may count or not: the next call finds out first, and {@link events} shows it
   */
  record(...events: readonly RuntimeEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
      if (this.#waiting.length === 1) this.#last = this.#last.then(() => this.#takeSteps());
    });
  }

  /** A disk and a register that are slow would otherwise be waited for once for each workload that starts. */
  async #takeSteps(): Promise<void> {
    let steps: readonly Step[] = this.#waiting;
    this.#waiting = [];
    try {
      await this.#settlePending();
      steps = this.#admitted(steps);
      await this.#append(steps.flatMap(({ events }) => events));
      for (const { resolve } of steps) resolve();
    } catch (error) {
      for (const { reject } of steps) reject(error);
    }
  }

  /** Refuses what cannot be recorded, before anything is written; the others go on. */
  #admitted(steps: readonly Step[]): readonly Step[] {
    let count = this.#events.length;
    return steps.filter(({ events, reject }) => {
      try {
        checkEvents(events, count);
      } catch (error) {
        reject(error);
        return false;
      }
      count += events.length;
      return true;
    });
  }

  async #append(events: readonly RuntimeEvent[]): Promise<void> {
    if (events.length === 0) return;
    const digests = events.map(digestRuntimeEvent);
    const before = this.#events.length;
    await writeStoredLog(this.#path, { events: this.#events, pending: events });
    this.#pending = events;
    const failure = await this.#extend(digests).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    // Also after an error: it says that something went wrong, not whether the register was extended.
    await this.#settlePending(failure?.error);
    if (failure !== undefined && this.#events.length === before) throw failure.error;
  }

  async #extend(digests: readonly Uint8Array[]): Promise<void> {
    for (const digest of digests) await this.#register.extend(digest);
  }

  /**
   * Finds out how many of the pending events count; until that is known, no other event can be recorded. A step of
   * which some count is completed.
   */
  async #settlePending(earlier?: unknown): Promise<void> {
    const [first] = this.#pending;
    if (first === undefined) return;
    const stored: StoredLog = { events: this.#events, pending: this.#pending };
    const counted = await this.#count(stored, first, earlier);
    if (counted > 0 && counted < stored.pending.length) await this.#complete(stored, counted);
    const events = counted === 0 ? stored.events : [...stored.events, ...stored.pending];
    await writeStoredLog(this.#path, { events, pending: [] });
    this.#events = events;
    this.#pending = [];
  }

  async #count(stored: StoredLog, first: RuntimeEvent, earlier: unknown): Promise<number> {
    const value = await this.#register.read().catch((cause: unknown) => {
      throw unsettled(first, cause);
    });
    const counted = countPending(stored, value);
    if (counted === undefined) throw mismatch(stored, value, earlier);
    return counted;
  }

  async #complete(stored: StoredLog, counted: number): Promise<void> {
    const rest = stored.pending.slice(counted);
    const [first] = rest;
    if (first === undefined) return;
    await this.#extend(rest.map(digestRuntimeEvent)).catch((cause: unknown) => {
      throw unsettled(first, cause);
    });
    const last = await this.#count(stored, first, undefined);
    if (last !== stored.pending.length) throw unsettled(first, undefined);
  }
}

/** Events that somebody waits for. */
interface Step {
  readonly events: readonly RuntimeEvent[];
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Refuses events that must not become pending: one that nobody can read, and one more than any log may have, with which
 * the register could never be proved again.
 *
 * @param count - events that are there before them
 */
function checkEvents(events: readonly RuntimeEvent[], count: number): void {
  const room = MAX_RUNTIME_EVENTS - (events.every(isLoad) ? RESERVED_EVENTS : 0);
  if (events.length > 0 && count + events.length > room) {
    throw new LauncherError('ERR_LAUNCHER_EVENT_LOG_FULL', 'the runtime event log is full', {
      expected: `at most ${String(room)} events between two boots`,
      hint: 'restart the VM',
    });
  }
  for (const event of events) digestRuntimeEvent(event);
}

const EMPTY_LOG: StoredLog = { events: [], pending: [] };

/** How many of the pending events the register proves; `undefined` when the log does not fit at all. */
function countPending({ events, pending }: StoredLog, value: Uint8Array): number | undefined {
  let register = replayRuntimeEvents(events);
  for (const [index, event] of pending.entries()) {
    if (equalBytes(register, value)) return index;
    register = extendRegister(register, digestRuntimeEvent(event));
  }
  return equalBytes(register, value) ? pending.length : undefined;
}

function unsettled({ type }: RuntimeEvent, cause: unknown): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_EVENT_LOG_UNSETTLED',
    'RTMR3 cannot be read or extended, so it is not known whether the last events count',
    {
      expected: 'a register that can be read and extended',
      seen: `${type}, pending`,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function mismatch(log: StoredLog, value: Uint8Array, cause?: unknown): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_EVENT_LOG_MISMATCH',
    'RTMR3 is not what the runtime event log replays to',
    {
      expected: toHex(replayRuntimeEvents(log.events)),
      seen: toHex(value),
      hint: 'something other than this launcher extended RTMR3, or its log was lost; restart the VM',
      cause,
    },
  );
}

function isLoad({ type }: RuntimeEvent): boolean {
  return type === 'proofgate.workload.load';
}
