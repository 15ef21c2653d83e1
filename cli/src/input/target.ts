// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import {
  decodePem,
  fromUtf8,
  parseAttestationDocument,
  type AttestationDocument,
} from '@proofgate/evidence';

import { CliError } from './errors.ts';
import { readBytes } from './input-file.ts';

/** What a person named: an address, or a file with something in it that can be looked at. */
export type Target =
  | { readonly kind: 'host'; readonly host: string; readonly port: number }
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'quote'; readonly bytes: Uint8Array }
  | { readonly kind: 'snp-report'; readonly bytes: Uint8Array }
  | { readonly kind: 'event-log'; readonly bytes: Uint8Array }
  | { readonly kind: 'document'; readonly document: AttestationDocument };

const HTTPS_PORT = 443;
const MAX_PORT = 65_535;
/** AMD SEV-SNP ABI, table 22: the report has a fixed size. */
const SNP_REPORT_BYTES = 1184;
/** TCG PC Client Platform Firmware Profile, section 10.2.1: type of the first record. */
const EV_NO_ACTION = 3;
const DER_SEQUENCE = 0x30;
const QUOTE_VERSIONS: readonly number[] = [3, 4, 5];

/**
 * Finds out what a target is. A name that exists as a file is a file; everything else is an address.
 *
 * @param text an https URL, `host`, `host:port`, `[v6]:port`, or a path
 * @throws CliError `ERR_CLI_TARGET`, `ERR_CLI_FILE`; EvidenceError when a PEM file or document is malformed
 */
export async function readTarget(text: string): Promise<Target> {
  if (!text.startsWith('https://') && (await isFile(text))) {
    return recogniseBytes(text, await readBytes(text));
  }
  return parseAddress(text);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function parseAddress(text: string): Target {
  const url = text.startsWith('https://') ? text : `https://${text}`;
  if (text === '' || text.includes('/', 8) || !URL.canParse(url)) throw unusableTarget(text);
  const { hostname, port, username, password, search, hash } = new URL(url);
  const plain = [username, password, search, hash].every((part) => part === '');
  const number = port === '' ? HTTPS_PORT : Number(port);
  if (!plain || hostname === '' || number < 1 || number > MAX_PORT) throw unusableTarget(text);
  return { kind: 'host', host: hostname.replace(/^\[|\]$/gu, ''), port: number };
}

function recogniseBytes(path: string, bytes: Uint8Array): Target {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (offset: number): number =>
    bytes.length < offset + 2 ? 0 : view.getUint16(offset, true);
  if (bytes.length === SNP_REPORT_BYTES && u16(2) === 0) return { kind: 'snp-report', bytes };
  if (QUOTE_VERSIONS.includes(u16(0)) && u16(2) !== 0) return { kind: 'quote', bytes };
  if (bytes[0] === DER_SEQUENCE) return { kind: 'certificate', chain: [bytes] };
  if (u16(4) === EV_NO_ACTION && u16(6) === 0) return { kind: 'event-log', bytes };
  return recogniseText(path, bytes);
}

function recogniseText(path: string, bytes: Uint8Array): Target {
  let text: string;
  try {
    text = fromUtf8(bytes).trimStart();
  } catch (cause) {
    throw unusableTarget(path, cause);
  }
  if (text.startsWith('{')) return { kind: 'document', document: parseDocument(path, text) };
  const chain = decodePem(text, 'CERTIFICATE');
  if (chain.length === 0) throw unusableTarget(path);
  return { kind: 'certificate', chain };
}

function parseDocument(path: string, text: string): AttestationDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusableTarget(path, cause);
  }
  return parseAttestationDocument(value);
}

function unusableTarget(text: string, cause?: unknown): CliError {
  return new CliError('ERR_CLI_TARGET', 'nothing to look at under this name', {
    expected:
      'https://host, host:port, or a file with a certificate chain, quote, SNP report, event log or attestation document',
    seen: text,
    ...(cause === undefined ? {} : { cause }),
  });
}
