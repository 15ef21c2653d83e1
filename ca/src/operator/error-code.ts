// SPDX-License-Identifier: Apache-2.0

/**
 * Whether something that was thrown is an error of the system with a certain code.
 *
 * @param error - what was thrown
 * @param code - such as `ENOENT`
 */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
