// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';
import { sha256 } from '../crypto/sha256.ts';
import { productOfRoot } from '../snp/product.ts';
import type { VendorRoot } from './trust-anchor.ts';

/**
 * SHA-256 of the SubjectPublicKeyInfo of AMD's root key (ARK) for each product.
 *
 * A key rather than a certificate, because AMD serves the root beside two intermediates (for VCEK and for VLEK), and
 * only the key has to be the same. Source: `cert_chain` of AMD's key distribution service, such as
 * https://kdsintf.amd.com/vcek/v1/Milan/cert_chain. Milan and Genoa compared 2026-11-20 with chains that verify
 * reports of real machines; Turin compared 2026-11-20 with the VLEK chain of
 * https://kdsintf.amd.com/vlek/v1/Turin/cert_chain as google/go-sev-guest carries it, without a report of a real
 * machine. Validity of the certificates: Milan 2020-10-22 to 2045-10-22, Genoa 2022-01-26 to 2047-01-26, Turin
 * 2023-05-15 to 2048-05-15.
 */
export const AMD_ROOT_KEYS: ReadonlyMap<string, string> = new Map([
  ['Milan', '9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9'],
  ['Genoa', '429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831'],
  ['Turin', '4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08'],
]);

/** AMD's roots, for SEV-SNP reports. */
export const AMD_ROOT: VendorRoot = {
  anchor: 'amd',
  what: 'AMD ARK',
  // The product is part of the pin: a Genoa chain does not vouch for a Milan report.
  matches: async (root) =>
    AMD_ROOT_KEYS.get(productOfRoot(root) ?? '') === toHex(await sha256(root.spki)),
};
