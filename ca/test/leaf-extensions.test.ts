// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LEAF_PROFILES, type LeafRequest } from '@proofgate/ca';
import { encodeOid, parseCertificate, type Certificate } from '@proofgate/evidence';
import { ARC, issuer, leafRequest, pem, refusal, root, TDX_QUOTE } from './pki.ts';

const read = (parts?: Partial<LeafRequest>): Certificate =>
  parseCertificate(issuer.issueLeaf(leafRequest(parts)).certificate);

describe('the extensions of a leaf', () => {
  const value = Buffer.alloc(32, 1);
  const withOid = (oid: string): unknown => read({ extensions: [{ oid, value }] });

  it.each([
    ['a standard extension', '2.5.29.17'],
    ['the PCK extension', '1.2.840.113741.1.13.1'],
    ['a neighbour of the quote', '1.2.840.113741.1.5.5.1.7'],
    ['something below the quote', `${TDX_QUOTE}.1`],
    ['the bare arc', ARC],
    ['an arc that only begins alike', `${ARC}1.2.4`],
    ['a number with a leading zero', `${ARC}.02.4`],
    ['a number that is none', `${ARC}.2.x`],
    ['nothing', ''],
  ])('are refused: %s', (_, oid) => {
    expect(() => withOid(oid)).toThrow(refusal('ERR_CA_EXTENSION_NOT_PERMITTED'));
  });

  it('may be any below the arc, and any one kind of evidence', () => {
    for (const oid of [`${ARC}.3.5.7.1`, TDX_QUOTE, '1.2.840.113741.1.13.1.0', `${ARC}.4.1`]) {
      expect(withOid(oid)).toBeDefined();
    }
  });

  it('are refused when one is there twice, or two kinds of evidence', () => {
    const twice = (...oids: string[]): unknown =>
      read({ extensions: oids.map((oid) => ({ oid, value })) });
    expect(() => twice(`${ARC}.2.4`, `${ARC}.2.4`)).toThrow(refusal('ERR_CA_EXTENSION_DUPLICATE'));
    expect(() => twice(TDX_QUOTE, `${ARC}.4.1`)).toThrow(refusal('ERR_CA_EXTENSION_DUPLICATE'));
    expect(twice(`${ARC}.2.4`, `${ARC}.2.5`)).toBeDefined();
  });

  it.each(
    LEAF_PROFILES.server.extensions.map(({ oid, match, maxBytes }) => ({
      oid: match === 'arc' ? `${oid}.9` : oid,
      maxBytes,
    })),
  )('are refused when $oid is empty or over $maxBytes bytes', ({ oid, maxBytes }) => {
    const sized = (length: number): unknown =>
      read({ extensions: [{ oid, value: Buffer.alloc(length, 1) }] });
    expect(() => sized(0)).toThrow(refusal('ERR_CA_EXTENSION_VALUE'));
    expect(() => sized(maxBytes + 1)).toThrow(refusal('ERR_CA_EXTENSION_VALUE'));
    // GPU evidence reaches the limit of the whole chain before its own.
    expect(sized(Math.min(maxBytes, 50_000))).toBeDefined();
  });

  it('are refused when a value contains an OID of the arc, which could pass for another extension', () => {
    const hidden = (bytes: Uint8Array): unknown =>
      read({ extensions: [{ oid: `${ARC}.3.5.1`, value: Buffer.concat([value, bytes, value]) }] });
    expect(() => hidden(encodeOid(`${ARC}.3.2`))).toThrow(refusal('ERR_CA_EXTENSION_VALUE'));
    expect(hidden(encodeOid('1.3.6.1.4.1.65231.3.2'))).toBeDefined();
  });

  it('may contain certificates as PEM, as quotes do, and the leaf is still read as itself', () => {
    const value = Buffer.from(`quote\n${pem(root.certificate)}`);
    const leaf = read({ extensions: [{ oid: TDX_QUOTE, value }] });
    expect(leaf.extensions.get(TDX_QUOTE)?.value).toEqual(new Uint8Array(value));
  });

  it('are refused over 64', () => {
    const many = (count: number): unknown =>
      read({
        extensions: Array.from({ length: count }, (_, i) => ({
          oid: `${ARC}.3.5.${String(i)}`,
          value,
        })),
      });
    expect(() => many(65)).toThrow(refusal('ERR_CA_EXTENSION_NOT_PERMITTED'));
    expect(many(64)).toBeDefined();
  });

  it('are refused when leaf and chain exceed 60,000 bytes', () => {
    const chainBytes = (gpuBytes: number): number =>
      issuer
        .issueLeaf(
          leafRequest({ extensions: [{ oid: `${ARC}.5.1`, value: Buffer.alloc(gpuBytes, 1) }] }),
        )
        .chain.reduce((sum, { length }) => sum + length, 0);
    const overhead = chainBytes(50_000) - 50_000;
    // A signature is one or two bytes shorter now and then.
    expect(chainBytes(60_000 - overhead - 8)).toBeGreaterThan(59_980);
    expect(() => chainBytes(60_000 - overhead + 8)).toThrow(refusal('ERR_CA_CHAIN_TOO_LARGE'));
  });
});
