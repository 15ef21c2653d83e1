// SPDX-License-Identifier: Apache-2.0
import { type Certificate, equalBytes, fromHex, sha256, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { AMD_ROOT_KEYS } from './amd-root-keys.ts';
import { INTEL_SGX_ROOT_CA } from './intel-sgx-root.ts';
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

/**
 * Finds out which of the trusted roots a certificate is.
 *
 * @param trusted what the caller accepts; empty accepts nothing
 * @param certificate the last certificate of a presented chain
 * @throws VerifierError `ERR_CERT_ROOT_UNTRUSTED`, `ERR_VERIFIER_ARGUMENT`
 */
export function matchTrustedRoot(trusted: TrustedRoots, certificate: Certificate): TrustAnchor {
  const roots = isList(trusted) ? trusted : [trusted];
  const hash = sha256(certificate.raw);
  for (const root of roots) {
    const anchor = matchOne(root, certificate, hash);
    if (anchor !== undefined) return anchor;
  }
  throw new VerifierError('ERR_CERT_ROOT_UNTRUSTED', 'the evidence stands on an untrusted root', {
    expected: listText(roots.map(describeRoot), 'no root at all', ' or '),
    seen: `${certificate.subject.text} (sha256:${toHex(hash)})`,
    hint: 'a simulated platform is accepted only when its root is named',
  });
}

function isList(trusted: TrustedRoots): trusted is readonly TrustedRoot[] {
  return Array.isArray(trusted);
}

function matchOne(
  root: TrustedRoot,
  certificate: Certificate,
  hash: Uint8Array,
): TrustAnchor | undefined {
  if (root === 'intel') {
    return equalBytes(certificate.raw, INTEL_SGX_ROOT_CA) ? 'intel' : undefined;
  }
  if (root === 'amd') return isAmdRoot(certificate) ? 'amd' : undefined;
  const wanted = 'sha256' in root ? hashFromHex(root.sha256) : sha256(root.certificate);
  return equalBytes(wanted, hash) ? `custom:${toHex(hash)}` : undefined;
}

// The product is part of the pin: a Genoa chain does not vouch for a Milan report.
function isAmdRoot(certificate: Certificate): boolean {
  const product = certificate.subject.commonName?.replace(/^ARK-/, '') ?? '';
  return AMD_ROOT_KEYS.get(product) === toHex(sha256(certificate.spki));
}

function hashFromHex(text: string): Uint8Array {
  if (SHA256_HEX.test(text)) return fromHex(text);
  throw new VerifierError('ERR_VERIFIER_ARGUMENT', 'a root’s SHA-256 must be 64 hex digits', {
    seen: text,
  });
}

function describeRoot(root: TrustedRoot): string {
  if (typeof root === 'string') return root === 'intel' ? 'Intel SGX Root CA' : 'AMD ARK';
  return `sha256:${'sha256' in root ? root.sha256 : toHex(sha256(root.certificate))}`;
}
