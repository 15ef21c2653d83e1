// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { USER_NAMESPACE_SIZE } from '../oci-runtime-spec.ts';

/**
 * First id of the VM that containers with user namespaces are mapped to. Like the ids of process workloads these lie in
 * the range that systemd's "Users, Groups, UIDs and GIDs on systemd Systems" leaves to containers, below those.
 */
export const USER_NAMESPACES_BASE = 0x1000_0000;

/** Ranges of {@link USER_NAMESPACE_SIZE} ids up to those of process workloads. */
export const USER_NAMESPACES_COUNT = 0x3000;

/**
 * The ids that a container is mapped to. They follow from its name and launcher, so that what it has written to a
 * volume stays its own.
 *
 * @param owner - eight hex digits that tell launchers on one machine apart
 * @param workload - its name
 * @returns first id of the VM
 */
export function userNamespaceBase(owner: string, workload: string): number {
  const digest = createHash('sha256').update(`${owner}\0${workload}`).digest();
  const range = digest.readUInt32BE(0) % USER_NAMESPACES_COUNT;
  return USER_NAMESPACES_BASE + range * USER_NAMESPACE_SIZE;
}
