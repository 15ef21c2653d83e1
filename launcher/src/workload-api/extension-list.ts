// SPDX-License-Identifier: Apache-2.0
import { MAX_WORKLOAD_EXTENSION_BYTES } from '@proofgate/api';
import {
  ATTESTATION_ARC,
  derOid,
  equalBytes,
  OID,
  toBase64,
  type ExtensionValue,
} from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { base64Member, strictMembers } from './strict-members.ts';

/** Values of an application are digests and short texts; the certificate goes through every handshake. */
export const MAX_DYNAMIC_EXTENSIONS = 16;
/** As much as the quote in the same certificate has, so that a handshake at most doubles. */
export const MAX_DYNAMIC_EXTENSION_BYTES = 8_192;

/** What may follow the arc: a few numbers, written in one way. */
const BELOW_ARC = /^(?:\.(?:0|[1-9]\d{0,8})){1,4}$/;

/** Tag and length of an encoded OID. */
const OID_HEADER_BYTES = 2;

/** How every OID of the attestation arc begins on the wire. */
const ARC_CONTENT = Buffer.from(derOid(ATTESTATION_ARC).subarray(OID_HEADER_BYTES));

/**
 * Reads the extensions that a workload wants in its certificate: a list of `{ "oid", "value" }`, values in base64.
 *
 * @param value - what `JSON.parse` returned
 * @returns the extensions, by ascending OID text
 * @throws LauncherError ERR_LAUNCHER_WORKLOAD_REQUEST, ERR_LAUNCHER_EXTENSIONS_REFUSED
 */
export function parseExtensionList(value: unknown): readonly ExtensionValue[] {
  if (!Array.isArray(value)) {
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_REQUEST', 'extensions are not a list');
  }
  // Before each is read: a long list is not worth it.
  if (value.length > MAX_DYNAMIC_EXTENSIONS) throw tooMany(value.length);
  return checkExtensions(value.map(parseExtension));
}

/**
 * Checks extensions of a workload as a whole.
 *
 * @param extensions - well-formed ones
 * @returns the same by ascending OID text
 * @throws LauncherError ERR_LAUNCHER_EXTENSIONS_REFUSED
 */
export function checkExtensions(extensions: readonly ExtensionValue[]): readonly ExtensionValue[] {
  if (extensions.length > MAX_DYNAMIC_EXTENSIONS) throw tooMany(extensions.length);
  for (const { oid, value } of extensions) checkExtension(oid, value);
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length) {
    throw refused('an extension is there twice', 'each OID once', 'one of them again');
  }
  const bytes = extensions.reduce((sum, { value }) => sum + value.length, 0);
  if (bytes > MAX_DYNAMIC_EXTENSION_BYTES) {
    throw refused(
      'the extensions are too large together',
      `at most ${String(MAX_DYNAMIC_EXTENSION_BYTES)} bytes`,
      `${String(bytes)} bytes`,
    );
  }
  return extensions.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
}

/**
 * Whether two lists, both sorted, say the same.
 *
 * @param a - one
 * @param b - the other
 * @returns whether every extension of one is in the other with the same value
 */
export function sameExtensions(
  a: readonly ExtensionValue[],
  b: readonly ExtensionValue[],
): boolean {
  return (
    a.length === b.length &&
    a.every(({ oid, value }, index) => {
      const other = b[index];
      return other?.oid === oid && equalBytes(other.value, value);
    })
  );
}

/**
 * Writes extensions as they are read.
 *
 * @param extensions - the extensions
 * @returns a value for `JSON.stringify`
 */
export function encodeExtensionList(
  extensions: readonly ExtensionValue[],
): readonly { readonly oid: string; readonly value: string }[] {
  return extensions.map(({ oid, value }) => ({ oid, value: toBase64(value) }));
}

function parseExtension(item: unknown): ExtensionValue {
  const members = strictMembers(item, 'an extension', ['oid', 'value']);
  const oid = members.get('oid');
  if (typeof oid !== 'string') {
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_REQUEST', 'oid of an extension is not text');
  }
  const value = base64Member(
    members.get('value'),
    'value of an extension',
    MAX_WORKLOAD_EXTENSION_BYTES,
  );
  return { oid, value };
}

function checkExtension(oid: string, value: Uint8Array): void {
  const arc = OID.configurationHash;
  if (!oid.startsWith(arc) || !BELOW_ARC.test(oid.slice(arc.length))) {
    throw refused('an extension is not one that a workload may set', `${arc}.…`, oid.slice(0, 100));
  }
  if (value.length === 0 || value.length > MAX_WORKLOAD_EXTENSION_BYTES) {
    throw refused(
      `extension ${oid} has a value of the wrong size`,
      `1 to ${String(MAX_WORKLOAD_EXTENSION_BYTES)} bytes`,
      `${String(value.length)} bytes`,
    );
  }
  // The CA issues no such certificate, since clients exist that search for the bytes of an OID: the host would get no
  // new certificate at all.
  if (Buffer.from(value.buffer, value.byteOffset, value.length).includes(ARC_CONTENT)) {
    throw refused(
      `extension ${oid} contains an encoded OID`,
      `no DER of an OID below ${ATTESTATION_ARC}`,
      'one',
    );
  }
}

function tooMany(count: number): LauncherError {
  return refused(
    'there are too many extensions',
    `at most ${String(MAX_DYNAMIC_EXTENSIONS)}`,
    String(count),
  );
}

function refused(message: string, expected: string, seen: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_EXTENSIONS_REFUSED', message, { expected, seen });
}
