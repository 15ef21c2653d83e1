// SPDX-License-Identifier: Apache-2.0

/** A piece of output as conmon logged it. */
export interface LoggedPiece {
  readonly time: Date;
  readonly stream: 'stdout' | 'stderr';
  /** With the newline where there was one. */
  readonly bytes: Buffer;
}

/** The complete lines at the beginning of a piece of a log. */
export interface LoggedPieces {
  readonly pieces: readonly LoggedPiece[];
  /** Bytes that they take; the rest is the beginning of a line. */
  readonly length: number;
}

const NEWLINE = 0x0a;

/** `<RFC 3339 time> <stream> <F: a whole line, P: a part of one> `, 38 characters and more. */
const PREFIX = /^(\S{20,40}) (stdout|stderr) ([FP]) /;

/** Enough for the prefix of a line. */
const MAX_PREFIX_BYTES = 64;

/**
 * Reads lines of a log in the format that conmon writes and Kubernetes defines: each with a prefix that tells when and
 * where it was written. What does not have the format is left out.
 *
 * @param log - cut anywhere
 */
export function loggedPieces(log: Buffer): LoggedPieces {
  const pieces: LoggedPiece[] = [];
  let start = 0;
  for (let end = log.indexOf(NEWLINE); end >= 0; end = log.indexOf(NEWLINE, start)) {
    const piece = pieceOf(log.subarray(start, end + 1));
    if (piece !== undefined) pieces.push(piece);
    start = end + 1;
  }
  return { pieces, length: start };
}

function pieceOf(line: Buffer): LoggedPiece | undefined {
  const prefix = PREFIX.exec(line.toString('latin1', 0, MAX_PREFIX_BYTES));
  if (prefix === null) return undefined;
  const [matched, time = '', stream, kind] = prefix;
  const content = line.subarray(matched.length);
  return {
    time: new Date(time),
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    bytes: kind === 'P' ? content.subarray(0, -1) : content,
  };
}
