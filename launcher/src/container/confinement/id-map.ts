// SPDX-License-Identifier: Apache-2.0
import { USER_NAMESPACE_SIZE } from '../oci-runtime-spec.ts';
import type { Finding } from './finding.ts';

/**
 * Compares the ids that a user namespace maps with what its container was to have.
 *
 * @param field - `uid_map` or `gid_map`
 * @param text - content of that file
 * @param base - first id of the VM
 * @returns what differs
 */
export function* idMapFindings(
  field: 'uid_map' | 'gid_map',
  text: string,
  base: number,
): Generator<Finding> {
  const expected = `0 ${String(base)} ${String(USER_NAMESPACE_SIZE)}`;
  const seen = text.trim().replace(/[ \t]+/g, ' ');
  if (seen !== expected) yield { field, expected, seen };
}
