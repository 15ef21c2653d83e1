// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '@proofgate/evidence';
import type { Authority } from '../issuer/authority.ts';
import { certificatePem } from '../certificates/certificate-pem.ts';
import { signCertificate } from './sign-certificate.ts';
import { CaError } from '../errors.ts';
import { authorizeLeaf } from './authorize-leaf.ts';
import type { LeafRequest } from './leaf-request.ts';
import { leafTemplate } from './leaf-template.ts';
import { revalidateLeaf } from './revalidate-leaf.ts';

/** A leaf that was read back and found to be what was asked for. */
export interface IssuedLeaf {
  /** The leaf as DER. */
  readonly certificate: Uint8Array;
  /** What goes on the wire as DER: the leaf, then its CAs, without self-signed roots. */
  readonly chain: readonly Uint8Array[];
  /** The same chain as PEM text. */
  readonly chainPem: string;
  /** Content octets of the serial number. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The leaf lives shorter than asked because its CA expires. */
  readonly shortened: boolean;
}

/** rustls refuses a handshake message of 64 KiB and more; this leaves room for the framing of the certificates. */
const MAX_CHAIN_BYTES = 60_000;

/**
 * Issues one leaf: authorise, lay out, sign, read back, release.
 *
 * @throws CaError with the code of what is refused; nothing was released then
 */
export function issueLeaf(authority: Authority, request: LeafRequest): IssuedLeaf {
  const authorized = authorizeLeaf(request, authority);
  const template = leafTemplate(authorized, authority);
  const certificate = signCertificate(template, authority.privateKey, authority.scheme);
  const chain = [certificate, ...authority.wireChain.map(copyBytes)];
  checkChainSize(chain);
  const pem = certificatePem(certificate);
  const leaf = revalidateLeaf(certificate, pem, request, authority);
  return {
    certificate,
    chain,
    chainPem: pem + authority.wireChainPem,
    serialNumber: leaf.serialNumber,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    shortened: authorized.validity.shortened,
  };
}

function checkChainSize(chain: readonly Uint8Array[]): void {
  const bytes = chain.reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_CHAIN_BYTES) {
    throw new CaError(
      'ERR_CA_CHAIN_TOO_LARGE',
      'leaf and CA chain are too large for one handshake',
      {
        expected: `at most ${String(MAX_CHAIN_BYTES)} bytes`,
        seen: `${String(bytes)} bytes`,
        hint: 'serve GPU evidence over HTTP instead of in the leaf',
      },
    );
  }
}
