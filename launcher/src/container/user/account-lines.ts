// SPDX-License-Identifier: Apache-2.0

/** A line of /etc/passwd. */
export interface UserLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A line of /etc/group. */
export interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Reads the users of an image. Lines that are none, such as comments, do not count.
 *
 * @param bytes - content of /etc/passwd
 * @returns its users
 */
export function parseUsers(bytes: Uint8Array): readonly UserLine[] {
  return fieldsOf(bytes).flatMap(([name = '', , uid = '', gid = '']) =>
    name !== '' && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  );
}

/**
 * Reads the groups of an image.
 *
 * @param bytes - content of /etc/group
 * @returns its groups
 */
export function parseGroups(bytes: Uint8Array): readonly GroupLine[] {
  return fieldsOf(bytes).flatMap(([name = '', , gid = '', members = '']) =>
    name !== '' && isId(gid)
      ? [{ name, gid: Number(gid), members: members.split(',').map((member) => member.trim()) }]
      : [],
  );
}

function fieldsOf(bytes: Uint8Array): readonly (readonly string[])[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.map((line) => line.trim().split(':'));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}
