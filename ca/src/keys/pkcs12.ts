// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject } from 'node:crypto';
// Named in docs/dependencies.md: for files of the operator and never on network input.
import forge from 'node-forge';
import { CaError } from '../errors.ts';
import type { Passphrase } from './private-key-pem.ts';

/** A chain of a few certificates and a key take a few kilobytes. */
const MAX_PKCS12_BYTES = 262_144;

/** What password guides ask for today is below; the usual tools write 2,048 to 10,000. */
const MAX_ITERATIONS = 600_000;

/** A file of the usual tools has 16 levels, those inside octet strings counted. */
const MAX_DEPTH = 32;

/** What a PKCS#12 file holds. */
export interface Pkcs12Contents {
  readonly privateKey: KeyObject;
  /** DER: the certificate of the key first, the others in the order of the file. */
  readonly certificates: readonly Uint8Array[];
}

/**
 * Reads a PKCS#12 file (RFC 7292), the form in which Windows, Java and many CAs hand out a key with its certificates.
 * What it holds is then judged like any other import.
 *
 * @param der - the file
 * @param passphrase - opens it
 * @throws CaError `ERR_CA_PKCS12`, `ERR_CA_PASSPHRASE_WRONG`
 */
export function readPkcs12(der: Uint8Array, passphrase: Passphrase): Pkcs12Contents {
  if (der.length > MAX_PKCS12_BYTES) throw unusable(`the file has ${String(der.length)} bytes`);
  const { safeContents } = open(der, passphrase);
  const bags = safeContents.flatMap(({ safeBags }) => safeBags);
  const keys = bags.filter(({ type }) => KEY_BAGS.includes(type));
  const certificates = bags.filter(({ type }) => type === forge.pki.oids['certBag']);
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw unusable(`it holds ${String(keys.length)} keys`);
  if (certificates.length === 0) throw unusable('it holds no certificate');
  const own = certificates.findIndex((bag) => localKeyId(bag) === localKeyId(key));
  const first = certificates[Math.max(0, own)];
  const ordered = [first, ...certificates.filter((bag) => bag !== first)];
  return { privateKey: keyOf(key), certificates: ordered.flatMap(certificateOf) };
}

const KEY_BAGS: readonly (string | undefined)[] = [
  forge.pki.oids['keyBag'],
  forge.pki.oids['pkcs8ShroudedKeyBag'],
];

function open(der: Uint8Array, passphrase: Passphrase): forge.pkcs12.Pkcs12Pfx {
  const secret =
    typeof passphrase === 'string' ? passphrase : Buffer.from(passphrase).toString('utf8');
  let asn1: forge.asn1.Asn1;
  try {
    asn1 = forge.asn1.fromDer(Buffer.from(der).toString('latin1'));
  } catch (cause) {
    throw unusable('it is not DER', cause);
  }
  checkEffort(asn1, 0);
  try {
    return forge.pkcs12.pkcs12FromAsn1(asn1, true, secret);
  } catch (cause) {
    if (
      cause instanceof Error &&
      /Invalid password|MAC could not be verified/u.test(cause.message)
    ) {
      throw new CaError(
        'ERR_CA_PASSPHRASE_WRONG',
        'the passphrase does not open the PKCS#12 file',
        {
          hint: 'check for a line break at the end of the passphrase file',
        },
      );
    }
    throw unusable('its contents cannot be read', cause);
  }
}

/**
 * Refuses files whose passphrase would be hashed for minutes: the library works in JavaScript, as often as the file says.
 * A count inside an encrypted part is not seen, but whoever wrote that one knows the passphrase.
 */
function checkEffort(node: forge.asn1.Asn1, depth: number): void {
  if (depth > MAX_DEPTH) throw unusable('it is nested too deeply');
  const children = Array.isArray(node.value) ? node.value : nested(node);
  for (const [index, child] of children.entries()) {
    const before = children[index - 1];
    // RFC 7292, section 4 and RFC 8018, appendix A.2: everywhere, the count follows the salt.
    const counts = is(child, forge.asn1.Type.INTEGER) && is(before, forge.asn1.Type.OCTETSTRING);
    if (counts && iterations(child) > MAX_ITERATIONS) {
      throw unusable(`it asks for more than ${String(MAX_ITERATIONS)} iterations`);
    }
    checkEffort(child, depth + 1);
  }
}

function is(node: forge.asn1.Asn1 | undefined, type: forge.asn1.Type): boolean {
  return node?.tagClass === forge.asn1.Class.UNIVERSAL && node.type === type;
}

function iterations({ value }: forge.asn1.Asn1): number {
  return typeof value === 'string' && value.length <= 6
    ? Number.parseInt(`0${Buffer.from(value, 'latin1').toString('hex')}`, 16)
    : Infinity;
}

/** Contents wrapped in an octet string, as PKCS#7 data is. */
function nested({ value, ...node }: forge.asn1.Asn1): readonly forge.asn1.Asn1[] {
  const wrapped = is({ value, ...node }, forge.asn1.Type.OCTETSTRING);
  if (!wrapped || typeof value !== 'string' || !value.startsWith('0')) return [];
  try {
    return [forge.asn1.fromDer(value)];
  } catch {
    return [];
  }
}

/** Elliptic curve keys are bytes to the library; Node reads them. */
function keyOf({ asn1, key }: forge.pkcs12.Bag): KeyObject {
  const source = key === undefined || key === null ? asn1 : forge.pki.privateKeyToAsn1(key);
  try {
    const der = Buffer.from(forge.asn1.toDer(source).getBytes(), 'latin1');
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw unusable('its key cannot be read', cause);
  }
}

function certificateOf(bag: forge.pkcs12.Bag | undefined): readonly Uint8Array[] {
  if (bag === undefined) return [];
  const source =
    bag.cert === undefined || bag.cert === null ? bag.asn1 : forge.pki.certificateToAsn1(bag.cert);
  return [new Uint8Array(Buffer.from(forge.asn1.toDer(source).getBytes(), 'latin1'))];
}

function localKeyId({ attributes }: forge.pkcs12.Bag): string | undefined {
  // The declarations leave the values of attributes open.
  const values: unknown = (attributes as Record<string, unknown> | undefined)?.['localKeyId'];
  return Array.isArray(values) && typeof values[0] === 'string' ? values[0] : undefined;
}

function unusable(problem: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_PKCS12', `the PKCS#12 file cannot be used: ${problem}`, {
    expected: 'one private key and its certificates',
    hint: 'openssl pkcs12 -in FILE -nodes shows what it holds',
    ...(cause === undefined ? {} : { cause }),
  });
}
