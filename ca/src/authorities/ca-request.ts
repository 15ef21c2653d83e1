// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import type { NameConstraints } from '@proofgate/evidence';
import type { CaProfile } from './ca-profile.ts';
import type { CaValidity } from './ca-validity.ts';

/** What a CA certificate says. */
export interface CaCertificateRequest {
  readonly profile: CaProfile;
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly validity: CaValidity;
  readonly constraints?: NameConstraints;
  /** Where the signer publishes what it has revoked; none unless given. */
  readonly crlUrls?: readonly string[];
}

/** Who signs a CA certificate. */
export interface CaSigner {
  /** The signer's subject as DER; a root's own. */
  readonly name: Uint8Array;
  /** The signer's subject key identifier, if it has one. */
  readonly keyId: Uint8Array | undefined;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A CA certificate with its key. */
export interface CaIdentity {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}
