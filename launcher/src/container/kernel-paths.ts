// SPDX-License-Identifier: Apache-2.0

/** Files of the kernel that a container has no use for and that tell about the machine or about other containers. */
export const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  // Counts interrupts by device and core: the rhythm of what else the machine does.
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  // Power readings are a side channel (CVE-2020-8694).
  '/sys/devices/virtual/powercap',
  // Measurement registers of the VM: what extends them is the launcher's to decide.
  '/sys/devices/virtual/misc/tdx_guest',
  '/sys/firmware',
];

/** Files of the kernel that change the machine when they are written; always read-only. */
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
