// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodePrivateKey, encryptPrivateKey, loadIssuer } from '@proofgate/ca';
import { createRoot } from '@proofgate/ca/authorities';
import { derContext, derSequence, extKeyUsageExtension, utf8 } from '@proofgate/evidence';
import {
  AT,
  DAY_MS,
  forge,
  intermediary,
  issuerOf,
  keysOf,
  leafRequest,
  pem,
  refusal,
  root,
} from './pki.ts';

const SECOND_MS = 1000;

describe('loading an issuer', () => {
  it('puts the intermediary on the wire and never the root', () => {
    const issuer = issuerOf(intermediary, [root.certificate]);
    expect(issuer.chain).toEqual([intermediary.certificate]);
    expect(issuer.certificate.subject.commonName).toBe('Test prod1');
    expect(issuerOf(intermediary).chain).toEqual([intermediary.certificate]);
  });

  it('takes a self-signed CA, which then stays off the wire', () => {
    const issuer = issuerOf(root);
    expect(issuer.chain).toEqual([]);
    expect(issuer.issueLeaf(leafRequest()).chain).toHaveLength(1);
  });

  it('keeps the levels between intermediary and root on the wire', () => {
    const top = forge({ subject: 'Top' });
    const middle = forge({ subject: 'Middle', issuer: { subject: 'Top', key: top.privateKey } });
    const low = forge({ subject: 'Low', issuer: { subject: 'Middle', key: middle.privateKey } });
    const issuer = issuerOf(low, [middle.certificate, top.certificate]);
    expect(issuer.chain).toEqual([low.certificate, middle.certificate]);
  });

  it('takes P-384 CAs and encrypted keys', async () => {
    const p384 = await createRoot({ commonName: 'R', keyType: 'P-384', days: 1, at: AT });
    const issuer = loadIssuer({
      certificatePem: pem(p384.certificate),
      privateKeyPem: await encryptPrivateKey(p384.privateKey, 'a passphrase'),
      passphrase: 'a passphrase',
      at: AT,
    });
    expect(issuer.issueLeaf(leafRequest()).certificate.length).toBeGreaterThan(5000);
  });

  it.each([
    ['nothing', ''],
    ['a key', encodePrivateKey(root.privateKey)],
    ['a cut certificate', pem(root.certificate.subarray(0, -1))],
    ['a certificate with a byte behind it', pem(Uint8Array.of(...root.certificate, 0))],
    [
      'more certificates than a chain has',
      pem(...Array.from({ length: 9 }, () => root.certificate)),
    ],
    ['more text than a chain has', pem(root.certificate) + '\n'.repeat(131_072)],
  ])('refuses a certificate file that holds %s', (_, certificatePem) => {
    const privateKeyPem = encodePrivateKey(root.privateKey);
    expect(() => loadIssuer({ certificatePem, privateKeyPem, at: AT })).toThrow(
      refusal('ERR_CA_CERTIFICATE_UNREADABLE'),
    );
  });

  it('refuses what is not a CA, and names it', () => {
    expect(() => issuerOf(forge({ subject: 'Plain', ca: false }))).toThrow(
      refusal('ERR_CA_NOT_A_CA'),
    );
    expect(() => issuerOf(forge({ subject: 'Plain', ca: false }))).toThrow('CN=Plain');
    expect(issuerOf(forge({ subject: 'Plain' }))).toBeDefined();
  });

  it('refuses a CA whose key may not sign certificates; without keyUsage it may', () => {
    expect(() => issuerOf(forge({ subject: 'x', usages: ['cRLSign'] }))).toThrow(
      refusal('ERR_CA_KEY_USAGE'),
    );
    expect(issuerOf(forge({ subject: 'x', usages: ['cRLSign', 'keyCertSign'] }))).toBeDefined();
    expect(issuerOf(forge({ subject: 'x', usages: [] }))).toBeDefined();
  });

  it('refuses the key of another CA', () => {
    expect(() => issuerOf({ ...intermediary, privateKey: root.privateKey })).toThrow(
      refusal('ERR_CA_KEY_MISMATCH'),
    );
  });

  it.each([
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ])('refuses a %s key', (_, keys) => {
    const { certificate } = forge({
      subject: 'x',
      issuer: { subject: 'y', key: root.privateKey },
      keys,
    });
    expect(() => issuerOf({ certificate, privateKey: keys.privateKey })).toThrow(
      refusal('ERR_CA_KEY_UNSUPPORTED'),
    );
  });

  it('is valid from its first to its last second', () => {
    const ca = forge({ subject: 'x' });
    const [first, last] = [AT.getTime() - DAY_MS, AT.getTime() + DAY_MS];
    const load = (time: number): unknown => issuerOf(ca, [], new Date(time));
    expect(() => load(first - SECOND_MS)).toThrow(refusal('ERR_CA_NOT_YET_VALID'));
    expect(load(first)).toBeDefined();
    expect(load(last)).toBeDefined();
    expect(() => load(last + SECOND_MS)).toThrow(refusal('ERR_CA_EXPIRED'));
    expect(() => load(Number.NaN)).toThrow('Invalid time');
  });

  it('refuses an expired CA above the issuer', () => {
    const expired = forge({ subject: 'Top', notAfter: new Date(AT.getTime() - SECOND_MS) });
    const low = forge({ subject: 'Low', issuer: { subject: 'Top', key: expired.privateKey } });
    expect(() => issuerOf(low, [expired.certificate])).toThrow(refusal('ERR_CA_EXPIRED'));
    expect(issuerOf(low)).toBeDefined();
  });

  it('refuses an intermediary below a root that allows none', () => {
    for (const [pathLength, accepted] of [
      [0, false],
      [1, true],
    ] as const) {
      const top = forge({ subject: 'Top', pathLength });
      const low = forge({ subject: 'Low', issuer: { subject: 'Top', key: top.privateKey } });
      const load = (): unknown => issuerOf(low, [top.certificate]);
      if (accepted) expect(load()).toBeDefined();
      else expect(load).toThrow(refusal('ERR_CA_PATH_LENGTH'));
    }
  });

  it('counts every level for the path length', () => {
    const top = forge({ subject: 'Top', pathLength: 1 });
    const middle = forge({ subject: 'Middle', issuer: { subject: 'Top', key: top.privateKey } });
    const low = forge({ subject: 'Low', issuer: { subject: 'Middle', key: middle.privateKey } });
    expect(() => issuerOf(low, [middle.certificate, top.certificate])).toThrow(
      refusal('ERR_CA_PATH_LENGTH'),
    );
  });

  it('refuses a chain in another order, with a gap, or with a namesake that did not sign', () => {
    const namesake = forge({ subject: 'Test Root' });
    const stranger = forge({ subject: 'Stranger' });
    for (const above of [namesake, stranger]) {
      expect(() => issuerOf(intermediary, [above.certificate])).toThrow(
        refusal('ERR_CA_CHAIN_BROKEN'),
      );
    }
    const renamed = forge({ subject: 'Other', keys: keysOf(root) });
    expect(() => issuerOf(intermediary, [renamed.certificate])).toThrow(
      refusal('ERR_CA_CHAIN_BROKEN'),
    );
    const both = { certificatePem: pem(root.certificate, intermediary.certificate), at: AT };
    const privateKeyPem = encodePrivateKey(intermediary.privateKey);
    expect(() => loadIssuer({ ...both, privateKeyPem })).toThrow(refusal('ERR_CA_CHAIN_BROKEN'));
  });

  it('refuses a critical extension it does not understand; the same is no matter when not critical', () => {
    const extension = { oid: '2.5.29.32', value: derSequence() };
    const load = (critical: boolean): unknown =>
      issuerOf(forge({ subject: 'x', extensions: [{ ...extension, critical }] }));
    expect(() => load(true)).toThrow(refusal('ERR_CA_CRITICAL_EXTENSION'));
    expect(load(false)).toBeDefined();
  });

  it('refuses name constraints of a kind it cannot check, and takes those on host names', () => {
    const load = (generalName: Uint8Array): unknown => {
      const value = derSequence(derContext(0, true, derSequence(generalName)));
      return issuerOf(
        forge({ subject: 'x', extensions: [{ oid: '2.5.29.30', critical: true, value }] }),
      );
    };
    const [rfc822Name, dNSName] = [1, 2];
    expect(() => load(derContext(rfc822Name, false, utf8('example.com')))).toThrow(
      refusal('ERR_CA_CONSTRAINTS'),
    );
    expect(load(derContext(dNSName, false, utf8('example.com')))).toBeDefined();
  });

  it('issues only for purposes that every CA above passes on', () => {
    const [serverAuth, any] = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];
    const issuer = (oid: string): ReturnType<typeof issuerOf> =>
      issuerOf(forge({ subject: 'x', extensions: [extKeyUsageExtension([oid])] }));
    expect(issuer(serverAuth).issueLeaf(leafRequest())).toBeDefined();
    expect(issuer(any).issueLeaf(leafRequest({ purpose: 'client' }))).toBeDefined();
    expect(() => issuer(serverAuth).issueLeaf(leafRequest({ purpose: 'client' }))).toThrow(
      refusal('ERR_CA_KEY_USAGE'),
    );
  });
});
