// SPDX-License-Identifier: Apache-2.0

/** Something about a process that is not as its specification says. */
export interface Finding {
  /** Name of the setting, as the kernel calls it. */
  readonly field: string;
  readonly expected: string;
  readonly seen: string;
}
