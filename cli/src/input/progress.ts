// SPDX-License-Identifier: Apache-2.0
import { printable } from '../output/printable.ts';
import type { Terminal } from '../output/terminal.ts';

/** Says what is being waited for. */
export type Progress = (text: string) => void;

/** Progress as lines on stderr, or none when a program reads the result. */
export function progressOn(terminal: Terminal, json: boolean | undefined): Progress {
  if (json === true) return () => undefined;
  return (text) => {
    terminal.err(`${printable(text)} …`);
  };
}
