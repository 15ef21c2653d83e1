// SPDX-License-Identifier: Apache-2.0
import {
  type AuthorityCertificate,
  concatBytes,
  parsePckExtension,
  type PckExtension,
  toHex,
} from '@proofgate/evidence';
import { BoundedCache } from '../bounded-cache.ts';
import { type EcdsaKey, importEcdsaKey, P256 } from '../crypto/ecdsa.ts';
import { usableKey } from '../crypto/usable-key.ts';
import { type DcapIssuer, dcapIssuer } from './dcap-issuer.ts';
import { type PckChain, readChain } from './issuer-chain.ts';

/** A quote's PCK chain, parsed, with its key imported. Nothing about it has been verified. */
export interface PckMaterial {
  readonly chain: PckChain;
  readonly pck: DcapIssuer;
  readonly platform: PckExtension;
}

/** Machines that one verifier sees at a time; more only cost the work that the cache would have saved. */
const MAX_PLATFORMS = 64;
/** For messages. */
export const PCK_CHAIN = 'the PCK chain of the quote';
/** A quote leaves out the octet that announces an uncompressed point (SEC 1, section 2.3.3). */
const UNCOMPRESSED = Uint8Array.of(0x04);

/**
 * Parses PCK chains and imports keys once for each machine: the same machine sends the same chain and attestation key
 * with every quote, and importing a key costs twice what verifying with it does.
 */
export class PlatformKeys {
  readonly #chains = new BoundedCache<PckMaterial>(MAX_PLATFORMS);
  readonly #attestationKeys = new BoundedCache<EcdsaKey>(MAX_PLATFORMS);

  /**
   * @param known certificates that most chains end with, parsed before
   * @throws VerifierError `ERR_CERT_CHAIN_LENGTH`, `ERR_CERT_ALGORITHM`; EvidenceError for unreadable parts
   */
  async material(pem: string, known?: readonly AuthorityCertificate[]): Promise<PckMaterial> {
    return this.#chains.get(pem, async () => {
      const chain: PckChain = readChain(pem, 3, PCK_CHAIN, known);
      const [pck] = chain;
      return { chain, pck: await dcapIssuer(pck, 'pck'), platform: parsePckExtension(pck) };
    });
  }

  /** @throws VerifierError `ERR_DCAP_QUOTE_SIGNATURE` for a point that is not on the curve */
  async attestationKey(point: Uint8Array): Promise<EcdsaKey> {
    return this.#attestationKeys.get(toHex(point), async () =>
      usableKey(
        importEcdsaKey(P256, concatBytes(UNCOMPRESSED, point)),
        'ERR_DCAP_QUOTE_SIGNATURE',
        'the attestation key',
      ),
    );
  }
}
