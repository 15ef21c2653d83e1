// SPDX-License-Identifier: Apache-2.0

/**
 * SHA-256 of the SubjectPublicKeyInfo of AMD's root key (ARK) for each product.
 *
 * A key rather than a certificate, because AMD serves the root beside two intermediates (for VCEK and for VLEK), and
 * only the key has to be the same. Source: `cert_chain` of AMD's key distribution service
 * (https://kdsintf.amd.com/vcek/v1/Milan/cert_chain and .../Genoa/cert_chain), compared 2026-11-20. Validity of the
 * certificates: Milan 2020-10-22 to 2045-10-22, Genoa 2022-01-26 to 2047-01-26. Turin is missing because no chain
 * with a report to test it was at hand; name its root explicitly.
 */
export const AMD_ROOT_KEYS: ReadonlyMap<string, string> = new Map([
  ['Milan', '9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9'],
  ['Genoa', '429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831'],
]);
