// SPDX-License-Identifier: Apache-2.0
import { unreadable } from './tar-header.ts';

/**
 * Reads the records of a pax header, each `<length> <key>=<value>` and a line feed (POSIX pax, "pax Extended Header").
 *
 * @param body - the header's body
 * @param what - names the layer in messages
 * @returns values by key; bytes as Latin-1
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED
 */
export function parsePaxRecords(body: Buffer, what: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const blank = body.indexOf(0x20, at);
    const digits = blank === -1 ? '' : body.toString('latin1', at, blank);
    const end = at + (/^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : 0);
    if (end <= blank + 1 || end > body.length || body[end - 1] !== 0x0a) {
      throw unreadable(what, 'a pax header with a record of another length');
    }
    const record = body.toString('latin1', blank + 1, end - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (equals < 1 || records.has(key)) throw unreadable(what, 'a pax record without its own key');
    records.set(key, record.slice(equals + 1));
    at = end;
  }
  return records;
}
