// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  equalBytes,
  KEY_PURPOSE,
  parseCertificate,
  X509_EXTENSION,
} from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { checkAuthority, checkEndEntity } from './authority.ts';
import { checkCriticalExtensions } from './extensions.ts';
import { checkHostname } from './hostname.ts';
import { checkIssuedBy, type Issuer } from './issued-by.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { importCertificateKey } from './public-key.ts';
import { certificateWindow, checkedTime, checkWindows } from './time-window.ts';

/** What a leaf may be used for (RFC 5280, section 4.2.1.12). */
export type LeafUsage = 'server' | 'client';

/** What a chain is verified against. */
export interface ChainOptions {
  /** DER certificates that end a path: roots, or intermediates named on purpose. */
  readonly roots: readonly Uint8Array[];
  /** DNS name or IP address literal that the leaf must be for; not compared when absent. */
  readonly hostname?: string;
  /** Default `server`. */
  readonly usage?: LeafUsage;
  readonly at: Date;
}

/** A chain that holds. */
export interface VerifiedChain {
  readonly leaf: Certificate;
  /** Leaf first, the trusted root last. */
  readonly path: readonly Certificate[];
}

/** Leaf and root with room for three intermediates; our own PKI has one. */
export const MAX_CHAIN_LENGTH = 5;
/** A bundle of all roots during a rotation is far smaller. */
const MAX_ROOTS = 32;
const PURPOSE: Readonly<Record<LeafUsage, string>> = {
  server: KEY_PURPOSE.serverAuth,
  client: KEY_PURPOSE.clientAuth,
};
/** What TLS chains are checked for besides what every chain is. */
const ENFORCED = [
  X509_EXTENSION.subjectAltName,
  X509_EXTENSION.nameConstraints,
  X509_EXTENSION.extKeyUsage,
];
/** anyExtendedKeyUsage. */
const ANY_PURPOSE = '2.5.29.37.0';

/**
 * Verifies a TLS certificate chain of a private PKI (RFC 5280, section 6): each certificate is issued by the next,
 * up to one of the named roots.
 *
 * @param chain DER certificates, leaf first; the root may be left out
 * @throws VerifierError `ERR_CERT_*`; EvidenceError when a certificate cannot be parsed
 */
export async function verifyChain(
  chain: readonly Uint8Array[],
  options: ChainOptions,
): Promise<VerifiedChain> {
  const at = checkedTime(options.at);
  const [leaf, ...presented] = parsePresented(chain);
  if (leaf === undefined) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'the chain is empty');
  }
  const path = await buildPath(leaf, presented, parseRoots(options.roots));
  checkPath(path, at);
  checkLeaf(leaf, options);
  return { leaf, path };
}

function parsePresented(chain: readonly Uint8Array[]): Certificate[] {
  if (chain.length > MAX_CHAIN_LENGTH) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'the chain is too long', {
      expected: `1 to ${MAX_CHAIN_LENGTH} certificates`,
      seen: String(chain.length),
    });
  }
  return chain.map((der) => parseCertificate(der));
}

function parseRoots(roots: readonly Uint8Array[]): Certificate[] {
  if (roots.length === 0 || roots.length > MAX_ROOTS) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      `give 1 to ${MAX_ROOTS} root certificates`,
      {},
      'misuse',
    );
  }
  return roots.map((der) => parseCertificate(der));
}

async function buildPath(
  leaf: Certificate,
  presented: readonly Certificate[],
  roots: readonly Certificate[],
): Promise<Certificate[]> {
  const path = [leaf];
  let current = leaf;
  for (const next of [...presented, undefined]) {
    const root = await findRoot(current, roots);
    if (root !== undefined) return [...path, root];
    if (next === undefined) break;
    const what = nameOf(path.length - 1);
    await checkIssuedBy(current, await issuerOf(next, nameOf(path.length)), what);
    path.push(next);
    current = next;
  }
  throw new VerifierError('ERR_CERT_ROOT_UNTRUSTED', 'the chain ends at an untrusted root', {
    expected: roots.map((root) => root.subject.text).join(' or '),
    seen: current.issuer.text,
    hint: 'name the root certificate of the private PKI',
  });
}

// Roots are tried by name first: one of the same name with another key is a root before its rotation.
async function findRoot(
  certificate: Certificate,
  roots: readonly Certificate[],
): Promise<Certificate | undefined> {
  for (const root of roots) {
    if (!equalBytes(certificate.issuer.raw, root.subject.raw)) continue;
    if (await isIssuedBy(certificate, root)) return root;
  }
  return undefined;
}

async function isIssuedBy(certificate: Certificate, root: Certificate): Promise<boolean> {
  try {
    await checkIssuedBy(certificate, await issuerOf(root, 'the root'), 'the certificate');
    return true;
  } catch (error) {
    // Anything else, such as an algorithm that we do not support, is what the caller has to know.
    if (error instanceof VerifierError && OTHER_KEY.has(error.code)) return false;
    throw error;
  }
}

const OTHER_KEY: ReadonlySet<string> = new Set(['ERR_CERT_SIGNATURE', 'ERR_CERT_KEY_ID']);

async function issuerOf(certificate: Certificate, what: string): Promise<Issuer> {
  return { what, certificate, key: await importCertificateKey(certificate, what) };
}

function checkPath(path: readonly Certificate[], at: Date): void {
  for (const [index, certificate] of path.entries()) {
    const what = nameOf(index);
    checkWindows([certificateWindow(certificate, what)], at);
    checkCriticalExtensions(certificate, what, ENFORCED);
    if (index === 0) continue;
    // A path of leaf, intermediate, root has one CA below the root.
    checkAuthority(certificate, what, index - 1);
    for (const [below, subject] of path.slice(0, index).entries()) {
      checkNameConstraints(subject, certificate, nameOf(below));
    }
  }
}

function checkLeaf(leaf: Certificate, options: ChainOptions): void {
  const what = nameOf(0);
  checkEndEntity(leaf, what);
  const usage = options.usage ?? 'server';
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.has('digitalSignature')) {
    refuseUsage('digitalSignature', [...leaf.keyUsage]);
  }
  const purposes = leaf.extKeyUsage;
  if (
    purposes !== undefined &&
    !purposes.includes(PURPOSE[usage]) &&
    !purposes.includes(ANY_PURPOSE)
  ) {
    refuseUsage(`${usage} authentication`, purposes);
  }
  if (options.hostname !== undefined) checkHostname(leaf, options.hostname);
}

function refuseUsage(expected: string, seen: readonly string[]): never {
  throw new VerifierError('ERR_CERT_KEY_USAGE', `the leaf is not for ${expected}`, {
    expected,
    seen: seen.join(', '),
  });
}

function nameOf(index: number): string {
  return index === 0 ? 'the leaf' : `CA certificate ${index}`;
}
