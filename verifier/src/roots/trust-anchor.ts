// SPDX-License-Identifier: Apache-2.0
import { type CertificateFields, equalBytes, readHex, toHex } from '@proofgate/evidence';
import { sha256 } from '../crypto/sha256.ts';
import { refuse, VerifierError } from '../errors.ts';
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

/** The pinned root of a vendor. It vouches for that vendor's kind of evidence and for no other. */
export interface VendorRoot {
  readonly anchor: 'intel' | 'amd';
  /** For messages. */
  readonly what: string;
  /** Whether a certificate is the vendor's root; `hash` is its SHA-256. */
  matches(certificate: CertificateFields, hash: Uint8Array): boolean | Promise<boolean>;
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
  certificate: CertificateFields,
  vendor: VendorRoot,
): Promise<TrustAnchor> {
  const hash = await sha256(certificate.raw);
  const names: string[] = [];
  for (const root of isList(trusted) ? trusted : [trusted]) {
    if (typeof root === 'string') {
      const isVendors = root === vendor.anchor;
      names.push(isVendors ? vendor.what : root);
      if (isVendors && (await vendor.matches(certificate, hash))) return root;
    } else {
      const wanted = 'sha256' in root ? hashFromHex(root.sha256) : await sha256(root.certificate);
      names.push(`sha256:${toHex(wanted)}`);
      if (equalBytes(wanted, hash)) return `custom:${toHex(hash)}`;
    }
  }
  return refuse(
    'ERR_CERT_ROOT_UNTRUSTED',
    'the root of the evidence',
    listText(names, 'no root at all', ' or '),
    `${certificate.subject.text} (sha256:${toHex(hash)})`,
    'name the root of a simulated platform',
  );
}

function isList(trusted: TrustedRoots): trusted is readonly TrustedRoot[] {
  return Array.isArray(trusted);
}

function hashFromHex(text: string): Uint8Array {
  const hash = readHex(text);
  if (hash?.length === 32) return hash;
  throw new VerifierError(
    'ERR_VERIFIER_ARGUMENT',
    'the SHA-256 of a root must be 64 hex digits',
    { seen: text },
    'misuse',
  );
}
