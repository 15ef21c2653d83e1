// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import {
  decodePem,
  EV_NO_ACTION,
  fromUtf8,
  parseAttestationDocument,
  SNP_REPORT_BYTES,
  type AttestationDocument,
} from '@proofgate/evidence';

import { CliError } from '../errors.ts';
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
const HTTPS_URL = /^https:\/\//iu;
/** A name, an IPv4 address or an IPv6 address in brackets, and a port. */
const HOST_AND_PORT = /^(?:[^\s/:@?#[\]]+|\[[0-9a-f:.]+\]):\d{1,5}$/iu;
const QUOTE_VERSIONS: readonly number[] = [3, 4, 5];

/**
 * Finds out what a target is. A name that exists is a file; everything else is an address.
 *
 * @param text an https URL, of which only host and port count, `host:port`, `[v6]:port`, or a path
 * @throws CliError `ERR_CLI_TARGET`, `ERR_CLI_FILE`; EvidenceError when a PEM file or document is malformed
 */
export async function readTarget(text: string): Promise<Target> {
  if (HTTPS_URL.test(text)) return parseAddress(text, text);
  if (await isFile(text)) return recogniseBytes(text, await readBytes(text));
  if (!HOST_AND_PORT.test(text)) throw unusableTarget(text);
  return parseAddress(text, `https://${text}`);
}

/** A host and its port as they stand in URLs and `Host` headers. */
export function authorityOf({ host, port }: Extract<Target, { kind: 'host' }>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === HTTPS_PORT ? name : `${name}:${String(port)}`;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function parseAddress(text: string, url: string): Target {
  if (!URL.canParse(url)) throw unusableTarget(text);
  const { hostname, port, username, password } = new URL(url);
  // Credentials would not be sent anywhere; whoever writes them expects that they are.
  if (username !== '' || password !== '' || port === '0') throw unusableTarget(text);
  return {
    kind: 'host',
    host: hostname.replace(/^\[|\]$/gu, ''),
    port: port === '' ? HTTPS_PORT : Number(port),
  };
}

function recogniseBytes(path: string, bytes: Uint8Array): Target {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (offset: number): number =>
    bytes.length < offset + 2 ? 0 : view.getUint16(offset, true);
  if (bytes.length === SNP_REPORT_BYTES && u16(2) === 0) return { kind: 'snp-report', bytes };
  // Version, then the type of the attestation key, which is never 0.
  if (QUOTE_VERSIONS.includes(u16(0)) && u16(2) !== 0) return { kind: 'quote', bytes };
  // A SEQUENCE with a length of two bytes, as every certificate has.
  if (bytes[0] === 0x30 && bytes[1] === 0x82) return { kind: 'certificate', chain: [bytes] };
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
  if (!text.includes('-----BEGIN ')) throw unusableTarget(path);
  return { kind: 'certificate', chain: decodePem(text, 'CERTIFICATE') };
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
