// SPDX-License-Identifier: Apache-2.0
import type { LogLine } from '@proofgate/api';
import { pause } from '../supervision/pause.ts';
import { LOG_STREAMS, logPath } from './log-files.ts';
import { LogCursor } from './log-cursor.ts';
import { splitTime } from './timed-line.ts';

/** How often a log that is followed is looked at: a person takes it for at once. */
export const FOLLOW_INTERVAL_MS = 200;

/** Which part of a log is wanted. */
export interface LogRequest {
  readonly stream: 'stdout' | 'stderr' | 'all';
  /** How much of each stream that is there already, counted from the end. */
  readonly tailBytes: number;
  /** Whether to go on with what is written later, until the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Why nothing will be written any more; `undefined` as long as something may be. */
  readonly over?: () => string | undefined;
}

/** How a log is written. */
export interface LogForm {
  /** Whether each line begins with the time of its arrival: those of containers do, those of processes do not. */
  readonly timed: boolean;
}

/**
 * Reads what a workload has printed. With times the lines of both streams come in their order; without, those of each
 * stream are in order for themselves.
 *
 * @param dir - the workload's log directory
 * @param request - which part
 * @param form - how the log is written
 * @returns the lines; a log that is followed ends with why it does
 */
export async function* readLogs(
  dir: string,
  { stream, tailBytes, follow, signal, over }: LogRequest,
  form: LogForm,
): AsyncGenerator<LogLine> {
  const names = LOG_STREAMS.filter((name) => stream === 'all' || stream === name);
  const places = names.map((name) => ({ name, cursor: new LogCursor(logPath(dir, name)) }));
  try {
    yield* look(places, form, (cursor) => cursor.tail(tailBytes));
    let why: string | undefined;
    while (follow && !signal.aborted && why === undefined) {
      // Asked first: what was written before that is read then.
      why = over?.();
      yield* look(places, form, (cursor) => cursor.more());
      if (why === undefined) await pause(FOLLOW_INTERVAL_MS, signal);
    }
    yield* look(places, form, (cursor) => cursor.rest());
    if (why !== undefined) yield { stream: 'launcher', text: why };
  } finally {
    for (const { cursor } of places) await cursor.close();
  }
}

/** A stream and how far it has been read. */
interface Place {
  readonly name: (typeof LOG_STREAMS)[number];
  readonly cursor: LogCursor;
}

async function* look(
  places: readonly Place[],
  form: LogForm,
  read: (cursor: LogCursor) => AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<LogLine> {
  if (places.length === 1 || !form.timed) {
    for (const place of places) yield* linesOf(place, form, read);
    return;
  }
  const all = places.map(async (place) => {
    const lines: LogLine[] = [];
    for await (const line of linesOf(place, form, read)) lines.push(line);
    return lines;
  });
  yield* inOrder(await Promise.all(all));
}

async function* linesOf(
  { name, cursor }: Place,
  { timed }: LogForm,
  read: (cursor: LogCursor) => AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<LogLine> {
  for await (const line of read(cursor)) {
    yield timed ? { stream: name, ...splitTime(line) } : { stream: name, text: line };
  }
}

/** Lines of equal time, and those without one, stay where they are in their stream. */
function inOrder(streams: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const timed = streams.flatMap((lines) => {
    let time = '';
    return lines.map((line) => {
      time = line.time ?? time;
      return { time, line };
    });
  });
  // Sorting is stable, and ISO 8601 in UTC sorts as text.
  return timed
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(({ line }) => line);
}
