// SPDX-License-Identifier: Apache-2.0

/** `2026-01-02T03:04:05.678Z ` in front of each line, as Enclave OS writes it. */
const STAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) /;
const STAMP_LENGTH = 24;

/**
 * Writes a line for a log.
 *
 * @param time - when it arrived
 * @param line - without its end
 * @returns the line with its time and end
 */
export function timedLine(time: Date, line: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${time.toISOString()} `), line, LINE_END]);
}

/**
 * Reads a line of a log.
 *
 * @param line - without its end
 * @returns its time, if it begins with one, and the rest
 */
export function splitTime(line: string): { readonly time?: string; readonly text: string } {
  const time = STAMP.exec(line)?.[1];
  if (time === undefined || Number.isNaN(Date.parse(time))) return { text: line };
  return { time, text: line.slice(STAMP_LENGTH + 1) };
}

const LINE_END = Buffer.from('\n');
