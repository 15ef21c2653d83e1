// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** Who a process runs as. */
export interface UserAndGroup {
  readonly uid: number;
  readonly gid: number;
}

/** Highest id that a process can have: 2^32 − 1 means "no change" to chown(2) and setresuid(2). */
export const MAX_ID: number = 2 ** 32 - 2;

/**
 * Reads `uid:gid`, both numbers: names would depend on the image's own files.
 *
 * @throws ApiError `ERR_API_USER`
 */
export function parseUser(text: string): UserAndGroup {
  const [, uid = '', gid = ''] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (uid === '' || Number(uid) > MAX_ID || Number(gid) > MAX_ID) {
    throw new ApiError('ERR_API_USER', `"${text.slice(0, 40)}" is not uid:gid`, {
      expected: `two numbers from 0 to ${String(MAX_ID)}, such as 1000:1000`,
      seen: text.slice(0, 40),
    });
  }
  return { uid: Number(uid), gid: Number(gid) };
}
