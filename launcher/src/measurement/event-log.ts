// SPDX-License-Identifier: Apache-2.0
import type { MeasurementRegister } from '@proofgate/attester';
import { writeFileAtomic } from '@proofgate/daemon';
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
import { readStoredLog, type StoredLog } from './event-log-file.ts';

/**
 * The runtime event log and the register that proves it, kept in step across crashes.
 *
 * An extended register cannot be taken back, so the order is: the event is written to the file as pending, then the
 * register is extended, then the event is written as done. Whatever moment the launcher dies at, the register shows
 * afterwards whether the pending event counts.
 */
export class EventLog {
  readonly #path: string;
  readonly #register: MeasurementRegister;
  #events: readonly RuntimeEvent[];
  /** The event of which only the register knows whether it counts. Nothing may take its place in the file. */
  #pending: RuntimeEvent | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    register: MeasurementRegister,
    events: readonly RuntimeEvent[],
  ) {
    this.#path = path;
    this.#register = register;
    this.#events = events;
  }

  /**
   * Opens the log of this boot of the platform. A log of an earlier boot, recognised by a register that is still
   * zero, is replaced by an empty one.
   *
   * @param path - the log's file
   * @param register - RTMR3
   * @returns the log; it replays to the register
   * @throws LauncherError ERR_LAUNCHER_EVENT_LOG_INVALID when the file is unreadable and the register is not zero;
   *   ERR_LAUNCHER_EVENT_LOG_MISMATCH when the register is neither zero nor what the file replays to
   */
  static async open(path: string, register: MeasurementRegister): Promise<EventLog> {
    const value = await register.read();
    const untouched = value.every((byte) => byte === 0);
    const stored = await readStoredLog(path).catch((error: unknown) => {
      // What an earlier boot left is of no use anyway.
      if (untouched) return EMPTY_LOG;
      throw error;
    });
    const events = settle(stored, value) ?? (untouched ? [] : undefined);
    if (events === undefined) throw mismatch(stored, value);
    const log = new EventLog(path, register, events);
    await log.#write({ events, pending: undefined });
    return log;
  }

  /** All events of this boot, oldest first. */
  get events(): readonly RuntimeEvent[] {
    return this.#events;
  }

  /**
   * Appends an event and extends the register with it. What the event describes must take effect only after this has
   * returned. Calls are done one after the other, in the order they were made.
   *
   * @param event - what is about to happen
   * @throws LauncherError ERR_LAUNCHER_EVENT_LOG_FULL; ERR_LAUNCHER_EVENT_LOG_MISMATCH when the register is not what the log
   *   replays to afterwards; ERR_LAUNCHER_EVENT_LOG_UNSETTLED when the register cannot be read, so that this or an earlier
   *   event may count or not: the next call finds out first, and {@link events} shows it
   */
  record(event: RuntimeEvent): Promise<void> {
    const done = this.#last.then(() => this.#append(event));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #append(event: RuntimeEvent): Promise<void> {
    await this.#settlePending();
    // Checked first: a register with one event more than any log may have could never be proved again.
    if (this.#events.length >= MAX_RUNTIME_EVENTS) {
      throw new LauncherError('ERR_LAUNCHER_EVENT_LOG_FULL', 'the runtime event log is full', {
        expected: `at most ${String(MAX_RUNTIME_EVENTS)} events between two boots`,
        hint: 'restart the VM',
      });
    }
    const before = this.#events.length;
    await this.#write({ events: this.#events, pending: event });
    this.#pending = event;
    const failure = await this.#register.extend(digestRuntimeEvent(event)).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    // Also after an error: it says that something went wrong, not whether the register was extended.
    await this.#settlePending(failure?.error);
    if (failure !== undefined && this.#events.length === before) throw failure.error;
  }

  /** Finds out whether the pending event counts; until that is known, no other event can be recorded. */
  async #settlePending(earlier?: unknown): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    const stored: StoredLog = { events: this.#events, pending };
    const value = await this.#register.read().catch((cause: unknown) => {
      throw unsettled(pending, cause);
    });
    const events = settle(stored, value);
    if (events === undefined) throw mismatch(stored, value, earlier);
    await this.#write({ events, pending: undefined });
    this.#events = events;
    this.#pending = undefined;
  }

  async #write(log: StoredLog): Promise<void> {
    await writeFileAtomic(
      this.#path,
      JSON.stringify({ version: 1, events: log.events, pending: log.pending ?? null }),
      { mode: 0o600 },
    );
  }
}

const EMPTY_LOG: StoredLog = { events: [], pending: undefined };

/** The events that the register proves: without the pending one, with it, or `undefined` when neither fits. */
function settle(log: StoredLog, value: Uint8Array): readonly RuntimeEvent[] | undefined {
  const before = replayRuntimeEvents(log.events);
  if (equalBytes(before, value)) return log.events;
  if (log.pending === undefined) return undefined;
  const after = extendRegister(before, digestRuntimeEvent(log.pending));
  return equalBytes(after, value) ? [...log.events, log.pending] : undefined;
}

function unsettled({ type }: RuntimeEvent, cause: unknown): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_EVENT_LOG_UNSETTLED',
    'RTMR3 cannot be read, so it is not known whether the last event counts',
    { expected: 'a register that can be read', seen: `${type}, pending`, cause },
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
