// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toBase64 } from '../bytes/base64.ts';
import { EvidenceError, within } from '../errors.ts';

/**
 * Longest PEM text: 1 MiB of DER, as the largest revocation list we read, in base64 and with line
 * breaks.
 */
export const MAX_PEM_CHARACTERS: number = 1536 * 1024;

/** Most blocks in one text. A chain has three or four; a bundle of roots has a few hundred. */
export const MAX_PEM_BLOCKS = 512;

/** Longest line inside a block. RFC 7468 writes 64; OpenSSL and MIME writers go up to 76. */
const MAX_LINE = 76;

const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$/;

/**
 * Reads all PEM blocks of one label (RFC 7468).
 *
 * Blocks of other labels and text outside blocks are skipped, as section 2 of the RFC asks. Inside
 * a block nothing but base64 is taken: no headers, no blank lines, no other white space.
 *
 * @param label such as `CERTIFICATE`
 * @returns the bytes of at least one block, in the order of the text
 * @throws EvidenceError `ERR_PEM_INVALID`, also when there is no block of that label: a caller that
 * loops over certificates must not succeed because there are none
 */
export function decodePem(text: string, label: string): [Uint8Array, ...Uint8Array[]] {
  if (text.length > MAX_PEM_CHARACTERS) {
    throw invalid(`at most ${MAX_PEM_CHARACTERS} characters`, `${text.length}`);
  }
  const blocks = readBlocks(text);
  if (blocks.length > MAX_PEM_BLOCKS) {
    throw invalid(`at most ${MAX_PEM_BLOCKS} blocks`, `${blocks.length}`);
  }
  const [first, ...rest] = blocks.filter(([name]) => name === label).map(decodeBlock);
  if (first === undefined) {
    throw invalid(`a ${label} block`, blocks.map(([name]) => name).join());
  }
  return [first, ...rest];
}

/**
 * Writes one PEM block with lines of 64 characters and a final line break (RFC 7468, section 2).
 */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

type Block = readonly [label: string, lines: readonly string[]];

function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: string | undefined;
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (!line.startsWith('-----')) {
      lines.push(line);
      continue;
    }
    const name = readBoundary(line, open);
    if (open !== undefined) blocks.push([open, lines]);
    open = open === undefined ? name : undefined;
    lines = [];
  }
  if (open !== undefined) throw invalid(`END ${open}`);
  return blocks;
}

// The label of a block's boundary: of its end, when one is open.
function readBoundary(line: string, open: string | undefined): string {
  const expected = open === undefined ? 'BEGIN' : 'END';
  const [, word, name = ''] = BOUNDARY.exec(line) ?? [];
  if (word === expected && name === (open ?? name)) return name;
  // Taking a misspelt boundary for surrounding text would make a certificate vanish from its chain.
  throw invalid(`${expected} ${open ?? ''}`, line);
}

function decodeBlock([, lines]: Block): Uint8Array {
  if (lines.length === 0 || lines.some((line) => line.length === 0 || line.length > MAX_LINE)) {
    throw invalid(`lines of 1 to ${MAX_LINE} characters`);
  }
  return within('ERR_PEM_INVALID', 'PEM block', () => fromBase64(lines.join('')));
}

function invalid(expected: string, seen?: string): EvidenceError {
  const details = { expected, seen: seen?.slice(0, 100) };
  return new EvidenceError('ERR_PEM_INVALID', 'PEM is not valid', details);
}
