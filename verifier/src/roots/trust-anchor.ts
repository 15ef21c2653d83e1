// SPDX-License-Identifier: Apache-2.0
import { type Certificate, equalBytes, fromHex, toHex } from '@proofgate/evidence';
import { sha256 } from '../crypto/sha256.ts';
import { VerifierError } from '../errors.ts';
import { listText } from '../list-text.ts';

/**
 * A root that the caller trusts for evidence: a vendor's pinned one, or a certificate named by its DER bytes or by
 * their SHA-256 (hex). Nothing else is ever trusted, and nothing in the evidence can add to it.
 */
export type TrustedRoot =
  'intel' | 'amd' | { readonly sha256: string } | { readonly certificate: Uint8Array };

/** One trusted root, or several. */
export type TrustedRoots = TrustedRoot | readonly TrustedRoot[];

/** The root that evidence turned out to stand on. `custom:` is followed by the certificate's SHA-256 in hex. */
export type TrustAnchor = 'intel' | 'amd' | `custom:${string}`;

const SHA256_HEX = /^[0-9a-fA-F]{64}$/;

/** The pinned root of a vendor. It vouches for that vendor's kind of evidence and for no other. */
export interface VendorRoot {
  readonly anchor: 'intel' | 'amd';
  /** For messages. */
  readonly what: string;
  /** Whether a certificate is the vendor's root; `hash` is its SHA-256. */
  matches(certificate: Certificate, hash: Uint8Array): boolean | Promise<boolean>;
}

/**
 * Finds out which of the trusted roots a certificate is.
 *
 * @param trusted what the caller accepts; empty accepts nothing
 * @param certificate the last certificate of a presented chain
 * @param vendor the maker of the evidence; another vendor's root in `trusted` does not count here
 * @throws VerifierError `ERR_CERT_ROOT_UNTRUSTED`, `ERR_VERIFIER_ARGUMENT`
 */
export async function matchTrustedRoot(
  trusted: TrustedRoots,
  certificate: Certificate,
  vendor: VendorRoot,
): Promise<TrustAnchor> {
  const roots = isList(trusted) ? trusted : [trusted];
  const hash = await sha256(certificate.raw);
  for (const root of roots) {
    if (typeof root === 'string') {
      if (root === vendor.anchor && (await vendor.matches(certificate, hash))) return root;
    } else if (isNamed(root, certificate, hash)) {
      return `custom:${toHex(hash)}`;
    }
  }
  throw new VerifierError('ERR_CERT_ROOT_UNTRUSTED', 'the evidence stands on an untrusted root', {
    expected: listText(
      await Promise.all(roots.map(async (root) => describeRoot(root, vendor))),
      'no root at all',
      ' or ',
    ),
    seen: `${certificate.subject.text} (sha256:${toHex(hash)})`,
    hint: 'a simulated platform is accepted only when its root is named',
  });
}

function isList(trusted: TrustedRoots): trusted is readonly TrustedRoot[] {
  return Array.isArray(trusted);
}

type NamedRoot = Exclude<TrustedRoot, string>;

function isNamed(root: NamedRoot, certificate: Certificate, hash: Uint8Array): boolean {
  return 'sha256' in root
    ? equalBytes(hashFromHex(root.sha256), hash)
    : equalBytes(root.certificate, certificate.raw);
}

function hashFromHex(text: string): Uint8Array {
  if (SHA256_HEX.test(text)) return fromHex(text);
  throw new VerifierError('ERR_VERIFIER_ARGUMENT', 'a root’s SHA-256 must be 64 hex digits', {
    seen: text,
  });
}

async function describeRoot(root: TrustedRoot, vendor: VendorRoot): Promise<string> {
  if (typeof root === 'string') return root === vendor.anchor ? vendor.what : root;
  return `sha256:${'sha256' in root ? root.sha256 : toHex(await sha256(root.certificate))}`;
}
