// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';

/**
 * Says in words where a container is less confined than it could be, for a person who decides about it.
 *
 * @param workload - the workload
 * @param execAllowed - `platform.containers.exec`
 * @returns a phrase for each setting; none for the strictest container, and for a process
 */
export function describeOptOuts(workload: ContainerConfig, execAllowed = false): readonly string[] {
  const { isolation, user, devices, volumes } = workload;
  if (isolation === undefined) return [];
  const { capabilities, image_labels: labels } = isolation;
  const phrases: readonly (readonly [boolean, string])[] = [
    [!isolation.read_only_root, 'can change its root file system (read_only_root: false)'],
    [!isolation.no_new_privileges, 'can gain privileges (no_new_privileges: false)'],
    [isolation.seccomp !== 'default', 'can make every system call (seccomp: unconfined)'],
    [capabilities.length > 0, `has capabilities: ${capabilities.join(', ')}`],
    [isolation.allow_root, rootPhrase(user?.uid)],
    [!isolation.masked_paths, 'sees what the kernel says of the machine (masked_paths: false)'],
    [isolation.egress !== 'none', 'can connect to the outside (egress: internet)'],
    [!isolation.init, 'runs without an init (init: false)'],
    [workload.resource_memory_mb === 0, 'has all memory of the VM (resource_memory_mb: 0)'],
    [workload.resource_vcpus === 0, 'has all CPU time of the VM (resource_vcpus: 0)'],
    [devices.length > 0, `uses devices: ${devices.join(', ')}`],
    [volumes.length > 0, `keeps files: ${volumes.join(', ')}`],
    [labels.volumes, 'gets the volume that its image asks for (image_labels.volumes)'],
    [labels.devices, 'gets the devices that its image asks for (image_labels.devices)'],
    [execAllowed, 'runs what managers tell it to (platform.containers.exec)'],
  ];
  return phrases.flatMap(([applies, phrase]) => (applies ? [phrase] : []));
}

function rootPhrase(uid: number | undefined): string {
  if (uid === undefined) return 'may run as root if its image says so (allow_root: true)';
  return uid === 0 ? 'runs as root (allow_root: true)' : 'may run as root (allow_root: true)';
}
