// SPDX-License-Identifier: Apache-2.0

/** Joins items for a message, and says so in words when there are none. */
export function listText(items: readonly string[], none: string, separator = ', '): string {
  return items.length === 0 ? none : items.join(separator);
}
