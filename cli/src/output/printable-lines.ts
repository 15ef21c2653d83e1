// SPDX-License-Identifier: Apache-2.0
import { printable } from './printable.ts';

/** Text from outside over several lines, made safe for a terminal; tabs and line ends stay. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/u)
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}
