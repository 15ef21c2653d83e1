// SPDX-License-Identifier: Apache-2.0
import { listMembers, traitsOf, type FieldRole, type RawHeaders } from './header-rules.ts';

/** The values of the fields that decide something, each in its order; read once for each message. */
export type MessageFields = Readonly<Record<FieldRole, readonly string[]>>;

const NONE: readonly string[] = [];

/** Collects the values that decide something about a message. */
export function readFields(raw: RawHeaders): MessageFields {
  const found: Record<FieldRole, readonly string[]> = {
    connection: NONE,
    contentLength: NONE,
    expect: NONE,
    host: NONE,
    te: NONE,
    traceparent: NONE,
    trailer: NONE,
    transferEncoding: NONE,
    upgrade: NONE,
    webSocketAccept: NONE,
    webSocketKey: NONE,
  };
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const { role } = traitsOf(raw[index] ?? '');
    if (role === undefined) continue;
    const value = raw[index + 1] ?? '';
    // Most occur once.
    found[role] = found[role] === NONE ? [value] : [...found[role], value];
  }
  // A list is one list, however many fields it is spread over.
  const { connection } = found;
  const usual =
    connection.length === 1 && (connection[0] === 'keep-alive' || connection[0] === 'close');
  if (connection !== NONE && !usual) found.connection = connection.flatMap(listMembers);
  return found;
}
