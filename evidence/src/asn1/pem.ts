// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toBase64 } from '../bytes/base64.ts';
import { EvidenceError } from '../errors.ts';

/**
 * Longest PEM text: 1 MiB of DER, as the largest revocation list we read, in base64 and with line
 * breaks.
 */
export const MAX_PEM_CHARACTERS: number = 1536 * 1024;

/** Most blocks in one text. A chain has three or four; a bundle of roots has a few hundred. */
export const MAX_PEM_BLOCKS = 512;

/** Longest line inside a block. RFC 7468 writes 64; OpenSSL and MIME writers go up to 76. */
const MAX_LINE = 76;

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
export function decodePem(text: string, label: string): Uint8Array[] {
  if (text.length > MAX_PEM_CHARACTERS) {
    throw invalid(`PEM text has ${text.length} characters`, `at most ${MAX_PEM_CHARACTERS}`);
  }
  const blocks = splitBlocks(text);
  if (blocks.length > MAX_PEM_BLOCKS) {
    throw invalid('PEM text has too many blocks', `at most ${MAX_PEM_BLOCKS}`, `${blocks.length}`);
  }
  const wanted = blocks.filter((block) => block.label === label);
  if (wanted.length === 0) {
    const seen = blocks.map((block) => block.label).join(', ');
    throw invalid(`PEM text has no ${label} block`, label, seen === '' ? 'no block' : seen);
  }
  return wanted.map(decodeBlock);
}

/**
 * Writes one PEM block with lines of 64 characters and a final line break (RFC 7468, section 2).
 */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

interface Block {
  readonly label: string;
  readonly lines: readonly string[];
}

function splitBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const boundary = readBoundary(line);
    if (boundary === undefined) {
      open?.lines.push(line);
    } else if (boundary.begins && open === undefined) {
      open = { label: boundary.label, lines: [] };
    } else if (!boundary.begins && open?.label === boundary.label) {
      blocks.push(open);
      open = undefined;
    } else {
      throw invalid('PEM boundaries do not match', open?.label ?? 'BEGIN', line);
    }
  }
  if (open !== undefined) throw invalid(`PEM block ${open.label} has no end`);
  return blocks;
}

function readBoundary(line: string): { begins: boolean; label: string } | undefined {
  if (!line.startsWith('-----')) return undefined;
  const match = /^-----(BEGIN|END) ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$/.exec(line);
  // Taking a misspelt boundary for surrounding text would make a certificate vanish from its chain.
  if (match === null) throw invalid('PEM boundary is malformed', '-----BEGIN LABEL-----', line);
  return { begins: match[1] === 'BEGIN', label: match[2] ?? '' };
}

function decodeBlock(block: Block): Uint8Array {
  const { label, lines } = block;
  if (lines.length === 0) throw invalid(`PEM block ${label} is empty`);
  if (lines.some((line) => line.length === 0 || line.length > MAX_LINE)) {
    throw invalid(
      `PEM block ${label} has an empty or overlong line`,
      `1 to ${MAX_LINE} characters`,
    );
  }
  try {
    return fromBase64(lines.join(''));
  } catch (cause) {
    throw new EvidenceError('ERR_PEM_INVALID', `PEM block ${label} is not base64`, { cause });
  }
}

function invalid(message: string, expected?: string, seen?: string): EvidenceError {
  return new EvidenceError('ERR_PEM_INVALID', message, {
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen: JSON.stringify(seen.slice(0, 100)) }),
  });
}
