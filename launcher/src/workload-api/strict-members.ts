// SPDX-License-Identifier: Apache-2.0
import { fromBase64 } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';

/**
 * Reads an object of which every member is known.
 *
 * @param value - what `JSON.parse` returned
 * @param what - names it in the error
 * @param names - the members that it may have
 * @returns the members that it has, still unknown
 * @throws LauncherError ERR_LAUNCHER_WORKLOAD_REQUEST
 */
export function strictMembers(
  value: unknown,
  what: string,
  names: readonly string[],
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`${what} is not an object`, names);
  }
  // A map, because a member called __proto__ must be like any other.
  const members = new Map<string, unknown>(Object.entries(value));
  if ([...members.keys()].some((name) => !names.includes(name))) {
    throw badRequest(`${what} has an unknown member`, names);
  }
  return members;
}

/**
 * Reads a member that holds bytes in base64.
 *
 * @param value - the member
 * @param what - names it in the error
 * @param maxBytes - most bytes
 * @returns the bytes
 * @throws LauncherError ERR_LAUNCHER_WORKLOAD_REQUEST
 */
export function base64Member(value: unknown, what: string, maxBytes: number): Uint8Array {
  const expected = [`base64 of 1 to ${String(maxBytes)} bytes`];
  if (typeof value !== 'string') throw badRequest(`${what} is not text`, expected);
  // Four characters stand for three bytes; decoding megabytes to refuse them would be wasted.
  if (value.length > Math.ceil(maxBytes / 3) * 4) throw badRequest(`${what} is too long`, expected);
  const bytes = decoded(value, what, expected);
  if (bytes.length > 0 && bytes.length <= maxBytes) return bytes;
  throw badRequest(`${what} has ${String(bytes.length)} bytes`, expected);
}

function decoded(text: string, what: string, expected: readonly string[]): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw badRequest(`${what} is not base64`, expected, cause);
  }
}

function badRequest(message: string, expected: readonly string[], cause?: unknown): LauncherError {
  return new LauncherError('ERR_LAUNCHER_WORKLOAD_REQUEST', message, {
    expected: expected.join(', '),
    cause,
  });
}
