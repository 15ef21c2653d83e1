// SPDX-License-Identifier: Apache-2.0
import { createECDH, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startOfMinute, type LeafRequest } from '@proofgate/ca';
import { encodeOid, parseCertificate, toHex, type Certificate } from '@proofgate/evidence';
import {
  ARC,
  AT,
  DAY_MS,
  forge,
  HOUR_MS,
  intermediary,
  issuer,
  issuerOf,
  leafRequest,
  leafSpki,
  MINUTE,
  pem,
  refusal,
  TDX_QUOTE,
} from './pki.ts';

const read = (parts?: Partial<LeafRequest>, from = issuer): Certificate =>
  parseCertificate(from.issueLeaf(leafRequest(parts)).certificate);

describe('a leaf', () => {
  it('has the fields of RA-TLS v1', () => {
    const leaf = read();
    expect(leaf.version).toBe(3);
    expect(leaf.serialNumber).toHaveLength(16);
    expect(leaf.subject.text).toBe('CN=hello.prod1.example.com');
    expect(leaf.subjectAltName).toEqual({ dns: ['hello.prod1.example.com'], ip: [], others: 0 });
    expect(leaf.notBefore).toEqual(MINUTE);
    expect(leaf.notAfter.getTime()).toBe(MINUTE.getTime() + DAY_MS);
    expect(leaf.spki).toEqual(new Uint8Array(leafSpki));
    expect(leaf.signatureAlgorithm).toBe('1.2.840.10045.4.3.2');
    expect(leaf.keyUsage).toEqual(new Set(['digitalSignature']));
    expect(leaf.extKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.basicConstraints).toEqual({ ca: false });
    expect(leaf.authorityKeyId).toEqual(parseCertificate(intermediary.certificate).subjectKeyId);
    expect(leaf.subjectKeyId).toBeUndefined();
  });

  it('marks keyUsage and basicConstraints critical and nothing else', () => {
    const critical = [...read().extensions].filter(([, extension]) => extension.critical);
    expect(critical.map(([oid]) => oid).sort()).toEqual(['2.5.29.15', '2.5.29.19']);
  });

  it('carries attestation values raw: 04, length, bytes, and nothing inside', () => {
    const value = Buffer.from('00112233445566778899aabbccddeeff'.repeat(2), 'hex');
    const { certificate } = issuer.issueLeaf(
      leafRequest({ extensions: [{ oid: `${ARC}.2.4`, value }] }),
    );
    const oid = toHex(encodeOid(`${ARC}.2.4`));
    const extension = `06${(oid.length / 2).toString(16).padStart(2, '0')}${oid}0420${toHex(value)}`;
    const length = (extension.length / 2).toString(16).padStart(2, '0');
    expect(toHex(certificate)).toContain(`30${length}${extension}`);
  });

  it('puts the quote first, then GPU evidence, then values as asked', () => {
    const oids = [`${ARC}.3.5.7`, `${ARC}.2.8`, `${ARC}.5.1`, TDX_QUOTE, `${ARC}.2.4`];
    const leaf = read({ extensions: oids.map((oid) => ({ oid, value: Buffer.from('value') })) });
    const order = [...leaf.extensions.keys()].filter((oid) => oids.includes(oid));
    expect(order).toEqual([TDX_QUOTE, `${ARC}.5.1`, `${ARC}.3.5.7`, `${ARC}.2.8`, `${ARC}.2.4`]);
    expect([...leaf.extensions.keys()].slice(-oids.length)).toEqual(order);
  });

  it('needs no attestation extension', () => {
    expect(read({ extensions: [] }).extensions.size).toBe(5);
  });

  it('for clients has clientAuth in place of serverAuth', () => {
    expect(read({ purpose: 'client' }).extKeyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('comes with its chain as DER and PEM', () => {
    const leaf = issuer.issueLeaf(leafRequest());
    expect(leaf.chain).toEqual([leaf.certificate, intermediary.certificate]);
    expect(leaf.chainPem).toBe(pem(...leaf.chain));
    expect(leaf.serialNumber).toEqual(parseCertificate(leaf.certificate).serialNumber);
  });

  it('is read and verified by Node', () => {
    const node = new X509Certificate(issuer.issueLeaf(leafRequest()).certificate);
    expect(node.verify(new X509Certificate(intermediary.certificate).publicKey)).toBe(true);
    expect(node.checkIssued(new X509Certificate(intermediary.certificate))).toBe(true);
    expect(node.checkHost('hello.prod1.example.com')).toBe('hello.prod1.example.com');
    expect(node.checkHost('other.prod1.example.com')).toBeUndefined();
    expect(node.ca).toBe(false);
  });

  it('has no authority key identifier when the CA has no identifier', () => {
    const leaf = read({}, issuerOf(forge({ subject: 'x' })));
    expect(leaf.authorityKeyId).toBeUndefined();
    expect(leaf.extensions.has('2.5.29.35')).toBe(false);
  });
});

describe('the validity of a leaf', () => {
  it('starts at a whole minute', () => {
    expect(startOfMinute(AT)).toEqual(MINUTE);
    expect(read({ notBefore: startOfMinute(AT) }).notBefore.getUTCSeconds()).toBe(0);
    for (const notBefore of [AT, new Date(MINUTE.getTime() + 1), new Date(Number.NaN)]) {
      expect(() => read({ notBefore })).toThrow(refusal('ERR_CA_VALIDITY'));
    }
  });

  it('is 24 hours unless asked otherwise, at least 5 minutes, at most 24 hours', () => {
    const [shortest, longest] = [300_000, 24 * HOUR_MS];
    for (const lifetimeMs of [shortest, 2 * HOUR_MS, longest]) {
      expect(read({ lifetimeMs }).notAfter.getTime()).toBe(MINUTE.getTime() + lifetimeMs);
    }
    for (const lifetimeMs of [0, -1, shortest - 1000, shortest + 1, longest + 1000, Number.NaN]) {
      expect(() => read({ lifetimeMs })).toThrow(refusal('ERR_CA_VALIDITY'));
    }
  });

  it('ends with the CA, and the result says so', () => {
    const ends = (ms: number): ReturnType<typeof issuerOf> =>
      issuerOf(forge({ subject: 'x', notAfter: new Date(MINUTE.getTime() + ms) }));
    const full = ends(DAY_MS).issueLeaf(leafRequest());
    expect(full).toMatchObject({ shortened: false, notAfter: new Date(MINUTE.getTime() + DAY_MS) });
    const cut = ends(DAY_MS - 1000).issueLeaf(leafRequest());
    expect(cut).toMatchObject({
      shortened: true,
      notAfter: new Date(MINUTE.getTime() + DAY_MS - 1000),
    });
    expect(parseCertificate(cut.certificate).notAfter).toEqual(cut.notAfter);
  });

  it('is refused when the CA leaves less than 5 minutes', () => {
    const ends = (ms: number): unknown =>
      issuerOf(forge({ subject: 'x', notAfter: new Date(MINUTE.getTime() + ms) })).issueLeaf(
        leafRequest(),
      );
    expect(() => ends(299_000)).toThrow(refusal('ERR_CA_ISSUER_EXPIRES_SOON'));
    expect(ends(300_000)).toMatchObject({ shortened: true });
  });

  it('ends with the CA above when that one ends first', () => {
    const top = forge({ subject: 'Top', notAfter: new Date(MINUTE.getTime() + HOUR_MS) });
    const low = forge({ subject: 'Low', issuer: { subject: 'Top', key: top.privateKey } });
    const leaf = issuerOf(low, [top.certificate]).issueLeaf(leafRequest());
    expect(leaf).toMatchObject({ shortened: true, notAfter: new Date(MINUTE.getTime() + HOUR_MS) });
  });

  it('starts in the minute of the CA at the earliest', () => {
    const from = issuerOf(forge({ subject: 'x', notBefore: AT }));
    expect(read({ notBefore: MINUTE }, from).notBefore).toEqual(MINUTE);
    const earlier = new Date(MINUTE.getTime() - 60_000);
    expect(() => read({ notBefore: earlier }, from)).toThrow(refusal('ERR_CA_NOT_YET_VALID'));
  });
});

describe('the key of a leaf', () => {
  const spkiOf = (curve: string): Buffer =>
    generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({
      type: 'spki',
      format: 'der',
    });

  it.each([
    ['P-384', spkiOf('P-384')],
    ['secp256k1', spkiOf('secp256k1')],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })],
    ['a bare point', createECDH('prime256v1').generateKeys()],
    ['nothing', Buffer.alloc(0)],
    ['a key with a byte behind it', Buffer.concat([leafSpki, Buffer.of(0)])],
  ])('is refused: %s', (_, spki) => {
    expect(() => read({ spki })).toThrow(refusal('ERR_CA_LEAF_KEY'));
  });

  it('is refused when it is no point of the curve', () => {
    const spki = Buffer.concat([leafSpki.subarray(0, 27), Buffer.alloc(64, 1)]);
    expect(() => read({ spki })).toThrow(refusal('ERR_CA_REVALIDATION'));
  });
});

describe('a leaf that is not what was asked for', () => {
  /** A request whose part changes after it was authorised, as a fault between asking and releasing would look. */
  function changing<K extends keyof LeafRequest>(
    part: K,
    later: LeafRequest[K],
    reads: number,
  ): LeafRequest {
    const request = leafRequest();
    const first = request[part];
    let count = 0;
    return Object.defineProperty({ ...request }, part, {
      get: () => (count++ < reads ? first : later),
    });
  }

  it.each([
    ['key', changing('spki', Buffer.concat([leafSpki.subarray(0, -1), Buffer.of(0)]), 1)],
    ['names', changing('names', ['other.prod1.example.com'], 1)],
    ['number of names', changing('names', ['hello.prod1.example.com', '::1'], 1)],
    ['notBefore', changing('notBefore', new Date(MINUTE.getTime() + 60_000), 1)],
    ['purpose', changing('purpose', 'client', 1)],
    ['lifetime', changing('lifetimeMs', HOUR_MS, 1)],
    ['extensions', changing('extensions', [], 1)],
    ['value', changing('extensions', leafRequest().extensions, 1)],
  ])('is not released: %s', (_, request) => {
    expect(() => issuer.issueLeaf(request)).toThrow(refusal('ERR_CA_REVALIDATION'));
  });

  it('is released when nothing changes', () => {
    const request = changing('names', ['hello.prod1.example.com'], 1);
    expect(issuer.issueLeaf(request).chain).toHaveLength(2);
  });
});
