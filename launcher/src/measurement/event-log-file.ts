// SPDX-License-Identifier: Apache-2.0
import { writeFileAtomic } from '@proofgate/daemon';
import { parseRuntimeEvent, type RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { readFields, readStateFile } from '../supervision/state-file.ts';

/** What the file holds: events that the register has, and some of which it has the first few, all or none. */
export interface StoredLog {
  readonly events: readonly RuntimeEvent[];
  readonly pending: readonly RuntimeEvent[];
}

/**
 * Writes the runtime event log's file.
 *
 * @param path - the file
 * @param log - its content
 */
export async function writeStoredLog(path: string, { events, pending }: StoredLog): Promise<void> {
  const [first = null, ...more] = pending;
  const file = { version: 1, events, pending: more.length === 0 ? first : pending };
  await writeFileAtomic(path, JSON.stringify(file), { mode: 0o600 });
}

/**
 * Reads the runtime event log's file.
 *
 * @param path - the file
 * @returns its content; an empty log when there is no file
 * @throws LauncherError ERR_LAUNCHER_EVENT_LOG_INVALID when it is not a log of version 1
 */
export async function readStoredLog(path: string): Promise<StoredLog> {
  try {
    return (await readStateFile(path, parseStoredLog)) ?? { events: [], pending: [] };
  } catch (cause) {
    throw new LauncherError('ERR_LAUNCHER_EVENT_LOG_INVALID', `${path} is not an event log`, {
      expected: '{"version":1,"events":[…],"pending":null}',
      hint: 'the log of this boot is lost; restart the VM',
      cause,
    });
  }
}

function parseStoredLog(value: unknown): StoredLog {
  const { version, events, pending } = readFields(value);
  if (version !== 1 || !Array.isArray(events)) throw new TypeError('not version 1');
  return {
    events: events.map((event: unknown) => parseRuntimeEvent(event)),
    pending: parsePending(pending),
  };
}

function parsePending(value: unknown): readonly RuntimeEvent[] {
  if (value === null) return [];
  const events: readonly unknown[] = Array.isArray(value) ? value : [value];
  return events.map((event) => parseRuntimeEvent(event));
}
