// SPDX-License-Identifier: Apache-2.0
import { parseRuntimeEvent, type RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { readFields, readStateFile } from '../supervision/state-file.ts';

/** What the file holds: events that the register has, and one that it may or may not have. */
export interface StoredLog {
  readonly events: readonly RuntimeEvent[];
  readonly pending: RuntimeEvent | undefined;
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
    return (await readStateFile(path, parseStoredLog)) ?? { events: [], pending: undefined };
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
    pending: pending === null ? undefined : parseRuntimeEvent(pending),
  };
}
