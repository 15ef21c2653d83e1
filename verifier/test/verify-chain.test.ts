// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import {
  basicConstraintsExtension,
  extKeyUsageExtension,
  KEY_PURPOSE,
  keyUsageExtension,
  nameConstraintsExtension,
  subjectAltNameExtension,
} from '@proofgate/evidence';
import { MAX_CHAIN_LENGTH, verifyChain } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import {
  caExtensions,
  HOUR_MS,
  issue,
  keyIds,
  keyPair,
  leafExtensions,
  NOW,
  type Party,
} from './private-pki.ts';
import { refusal } from './refusal.ts';

const root = issue({ commonName: 'Test Root', extensions: caExtensions(1) });
const ca = issue({ commonName: 'Test CA', issuer: root, extensions: caExtensions(0) });

async function verify(
  chain: readonly Party[],
  options: Partial<Parameters<typeof verifyChain>[1]> = {},
): Promise<string> {
  return refusal(async () =>
    verifyChain(
      chain.map(({ certificate }) => certificate),
      { roots: [root.certificate], at: NOW, ...options },
    ),
  );
}

function leafFor(...names: readonly string[]): Party {
  return issue({ commonName: 'x', issuer: ca, extensions: leafExtensions(names) });
}

describe('paths', () => {
  const leaf = leafFor('app.example.com');

  it('accepts a chain with and without its root', async () => {
    expect(await verify([leaf, ca])).toBe('accepted');
    expect(await verify([leaf, ca, root])).toBe('accepted');
    const chain = [leaf.certificate, ca.certificate];
    const { path } = await verifyChain(chain, { roots: [root.certificate], at: NOW });
    expect(path.map(({ subject }) => subject.commonName)).toEqual(['x', 'Test CA', 'Test Root']);
  });

  it('accepts an intermediate that was named as a root', async () => {
    expect(await verify([leaf], { roots: [ca.certificate] })).toBe('accepted');
    expect(await verify([leaf])).toBe('ERR_CERT_ROOT_UNTRUSTED');
  });

  it('refuses another root, also one of the same name', async () => {
    const other = issue({ commonName: 'Test Root', extensions: caExtensions(1) });
    expect(await verify([leaf, ca], { roots: [other.certificate] })).toBe(
      'ERR_CERT_ROOT_UNTRUSTED',
    );
    const both = [other.certificate, root.certificate];
    expect(await verify([leaf, ca], { roots: both })).toBe('accepted');
  });

  it('bounds chains and needs roots', async () => {
    expect(await verify([])).toBe('ERR_CERT_CHAIN_LENGTH');
    const long = Array.from({ length: MAX_CHAIN_LENGTH + 1 }, () => ca);
    expect(await verify(long)).toBe('ERR_CERT_CHAIN_LENGTH');
    expect(await verify([leaf, ca], { roots: [] })).toBe('ERR_VERIFIER_ARGUMENT');
  });

  it('refuses a signature by another key and an issuer of another name', async () => {
    const extensions = leafExtensions(['app.example.com']);
    const forged = issue({
      commonName: 'x',
      issuer: ca,
      signer: keyPair().privateKey,
      extensions,
    });
    expect(await verify([forged, ca])).toBe('ERR_CERT_SIGNATURE');
    const misnamed = issue({ commonName: 'x', issuer: ca, issuerName: leaf.name, extensions });
    expect(await verify([misnamed, ca])).toBe('ERR_CERT_ISSUER');
  });

  it('compares key identifiers when both are there', async () => {
    const [one, two] = [Uint8Array.of(1, 1), Uint8Array.of(2, 2)];
    const withId = issue({
      commonName: 'Test CA',
      issuer: root,
      extensions: caExtensions(0, ...keyIds(one)),
    });
    const under = (id: Uint8Array): Party =>
      issue({
        commonName: 'x',
        issuer: withId,
        extensions: leafExtensions(['app.example.com'], ...keyIds(undefined, id)),
      });
    expect(await verify([under(one), withId])).toBe('accepted');
    expect(await verify([under(two), withId])).toBe('ERR_CERT_KEY_ID');
    expect(await verify([under(two), ca])).toBe('ERR_CERT_SIGNATURE');
  });

  it('refuses issuers that may not issue', async () => {
    const below = async (extensions: Parameters<typeof issue>[0]['extensions']) => {
      const issuer = issue({ commonName: 'Other CA', issuer: root, extensions });
      const end = issue({
        commonName: 'x',
        issuer,
        extensions: leafExtensions(['app.example.com']),
      });
      return verify([end, issuer]);
    };
    const sign = keyUsageExtension(['keyCertSign']);
    expect(await below([basicConstraintsExtension({ ca: true }), sign])).toBe('accepted');
    expect(await below([basicConstraintsExtension({ ca: false }), sign])).toBe('ERR_CERT_NOT_A_CA');
    expect(await below([sign])).toBe('ERR_CERT_NOT_A_CA');
    const cannotSign = keyUsageExtension(['digitalSignature']);
    expect(await below([basicConstraintsExtension({ ca: true }), cannotSign])).toBe(
      'ERR_CERT_KEY_USAGE',
    );
    expect(await below([basicConstraintsExtension({ ca: true })])).toBe('ERR_CERT_KEY_USAGE');
    const unknown = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) };
    expect(await below([...caExtensions(0), unknown])).toBe('ERR_CERT_CRITICAL_EXTENSION');
    expect(await below([...caExtensions(0), { ...unknown, critical: false }])).toBe('accepted');
  });

  it('says when it does not support an algorithm', async () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsaRoot = issue({ commonName: 'RSA Root', keys, extensions: caExtensions(1) });
    const below = issue({ commonName: 'x', issuer: rsaRoot, extensions: leafExtensions(['a.b']) });
    expect(await verify([below], { roots: [rsaRoot.certificate] })).toBe('ERR_CERT_ALGORITHM');
    const edKeys = generateKeyPairSync('ed25519');
    const edRoot = issue({
      commonName: 'Ed Root',
      keys: edKeys,
      signer: keyPair().privateKey,
      extensions: caExtensions(1),
    });
    const other = issue({
      commonName: 'x',
      issuer: edRoot,
      signer: keyPair().privateKey,
      extensions: leafExtensions(['a.b']),
    });
    expect(await verify([other], { roots: [edRoot.certificate] })).toBe('ERR_CERT_ALGORITHM');
  });

  it('counts CAs below a path length', async () => {
    const second = issue({ commonName: 'Second CA', issuer: ca, extensions: caExtensions(0) });
    const end = issue({ commonName: 'x', issuer: second, extensions: leafExtensions(['a.b']) });
    expect(await verify([end, second, ca])).toBe('ERR_CERT_PATH_LENGTH');
    const wide = issue({ commonName: 'Wide Root', extensions: caExtensions() });
    const first = issue({ commonName: 'First CA', issuer: wide, extensions: caExtensions(1) });
    const next = issue({ commonName: 'Next CA', issuer: first, extensions: caExtensions(0) });
    const last = issue({ commonName: 'x', issuer: next, extensions: leafExtensions(['a.b']) });
    expect(await verify([last, next, first], { roots: [wide.certificate] })).toBe('accepted');
  });

  it('refuses leaves that are CAs or for other uses', async () => {
    expect(await verify([ca])).toBe('ERR_CERT_IS_A_CA');
    const leafWith = async (...extensions: Parameters<typeof issue>[0]['extensions']) =>
      verify([issue({ commonName: 'x', issuer: ca, extensions }), ca]);
    expect(await leafWith()).toBe('accepted');
    expect(await leafWith(keyUsageExtension(['keyEncipherment']))).toBe('ERR_CERT_KEY_USAGE');
    expect(await leafWith(keyUsageExtension(['digitalSignature', 'keyCertSign']))).toBe(
      'ERR_CERT_IS_A_CA',
    );
    const client = issue({
      commonName: 'x',
      issuer: ca,
      extensions: [extKeyUsageExtension([KEY_PURPOSE.clientAuth])],
    });
    expect(await verify([client, ca])).toBe('ERR_CERT_KEY_USAGE');
    expect(await verify([client, ca], { usage: 'client' })).toBe('accepted');
    expect(await verify([leaf, ca], { usage: 'client' })).toBe('ERR_CERT_KEY_USAGE');
  });

  it('supports P-384 in every place', async () => {
    const bigRoot = issue({ commonName: 'R', curve: 'P-384', extensions: caExtensions(1) });
    const bigCa = issue({
      commonName: 'C',
      curve: 'P-384',
      issuer: bigRoot,
      extensions: caExtensions(0),
    });
    const end = issue({ commonName: 'x', issuer: bigCa, extensions: leafExtensions(['a.b']) });
    expect(await verify([end, bigCa], { roots: [bigRoot.certificate] })).toBe('accepted');
  });

  it('checks validity to the second, at both ends, of every certificate', async () => {
    const [from, until] = [new Date(NOW.getTime() - HOUR_MS), new Date(NOW.getTime() + HOUR_MS)];
    const short = issue({
      commonName: 'x',
      issuer: ca,
      notBefore: from,
      notAfter: until,
      extensions: leafExtensions(['a.b']),
    });
    const at = async (time: number) => verify([short, ca], { at: new Date(time) });
    expect(await at(from.getTime())).toBe('accepted');
    expect(await at(from.getTime() - 1000)).toBe('ERR_CERT_NOT_YET_VALID');
    expect(await at(until.getTime())).toBe('accepted');
    expect(await at(until.getTime() + 1000)).toBe('ERR_CERT_EXPIRED');
    const oldCa = issue({
      commonName: 'Old CA',
      issuer: root,
      notAfter: from,
      extensions: caExtensions(0),
    });
    const end = issue({ commonName: 'x', issuer: oldCa, extensions: leafExtensions(['a.b']) });
    expect(await verify([end, oldCa])).toBe('ERR_CERT_EXPIRED');
  });
});

describe('host names', () => {
  it.each([
    ['app.example.com', ['app.example.com'], true],
    ['APP.example.com.', ['app.EXAMPLE.com'], true],
    ['app.example.com', ['*.example.com'], true],
    ['a.b.example.com', ['*.example.com'], false],
    ['example.com', ['*.example.com'], false],
    ['app.com', ['*.com'], false],
    ['app.example.com', ['a*.example.com'], false],
    ['app.example.com', ['other.example.com'], false],
    ['app.example.com.evil.test', ['app.example.com'], false],
    ['10.0.0.1', ['10.0.0.1'], false],
  ])('%s under %j: %s', async (hostname, names, good) => {
    const code = await verify([leafFor(...names), ca], { hostname });
    expect(code).toBe(good ? 'accepted' : 'ERR_CERT_HOSTNAME');
  });

  it.each([
    ['127.0.0.1', [127, 0, 0, 1], true],
    ['127.0.0.2', [127, 0, 0, 1], false],
    ['127.0.0.01', [127, 0, 0, 1], false],
    ['::1', [...new Array<number>(15).fill(0), 1], true],
    ['[::1]', [...new Array<number>(15).fill(0), 1], true],
    ['0:0:0:0:0:0:0:1', [...new Array<number>(15).fill(0), 1], true],
    ['::ffff:127.0.0.1', [...new Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1], true],
    ['1:2:3:4:5:6:7:8:9', [...new Array<number>(15).fill(0), 1], false],
    ['::1::', [...new Array<number>(15).fill(0), 1], false],
    ['2001:db8::1', [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1], true],
  ])('address %s under %j: %s', async (hostname, ip, good) => {
    const leaf = issue({
      commonName: hostname.slice(0, 60),
      issuer: ca,
      extensions: [subjectAltNameExtension({ ip: [Uint8Array.from(ip)] })],
    });
    expect(await verify([leaf, ca], { hostname })).toBe(good ? 'accepted' : 'ERR_CERT_HOSTNAME');
  });

  it('never reads the common name', async () => {
    const leaf = issue({ commonName: 'app.example.com', issuer: ca, extensions: [] });
    expect(await verify([leaf, ca], { hostname: 'app.example.com' })).toBe('ERR_CERT_HOSTNAME');
  });
});

describe('name constraints', () => {
  const constrained = (constraints: Parameters<typeof nameConstraintsExtension>[0]): Party =>
    issue({
      commonName: 'Constrained CA',
      issuer: root,
      extensions: caExtensions(0, nameConstraintsExtension(constraints)),
    });
  const mask = Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0);

  it.each([
    ['app.example.com', { permitted: { dns: ['example.com'] } }, true],
    ['example.com', { permitted: { dns: ['example.com'] } }, true],
    ['badexample.com', { permitted: { dns: ['example.com'] } }, false],
    ['example.com', { permitted: { dns: ['.example.com'] } }, false],
    ['app.example.com', { permitted: { dns: ['.example.com'] } }, true],
    ['*.example.com', { permitted: { dns: ['example.com'] } }, true],
    ['*.example.com', { permitted: { dns: ['app.example.com'] } }, false],
    ['*.com', { permitted: { dns: ['example.com'] } }, false],
    ['app.example.com', { excluded: { dns: ['app.example.com'] } }, false],
    ['*.example.com', { excluded: { dns: ['app.example.com'] } }, false],
    ['ok.example.com', { excluded: { dns: ['app.example.com'] } }, true],
    ['APP.Example.com', { permitted: { dns: ['EXAMPLE.com'] } }, true],
    ['not!a!name', { permitted: { dns: ['example.com'] } }, false],
    ['app.example.com', { permitted: { ip: [mask] } }, true],
  ])('%s under %j: %s', async (name, constraints, good) => {
    const issuer = constrained(constraints);
    const leaf = issue({ commonName: 'x', issuer, extensions: leafExtensions([name]) });
    expect(await verify([leaf, issuer])).toBe(good ? 'accepted' : 'ERR_CERT_NAME_CONSTRAINT');
  });

  it.each([
    [[10, 1, 2, 3], { permitted: { ip: [mask] } }, true],
    [[11, 1, 2, 3], { permitted: { ip: [mask] } }, false],
    [[10, 1, 2, 3], { excluded: { ip: [mask] } }, false],
    [new Array<number>(16).fill(0), { permitted: { ip: [mask] } }, false],
  ])('address %j under %j: %s', async (ip, constraints, good) => {
    const issuer = constrained(constraints);
    const extensions = [subjectAltNameExtension({ ip: [Uint8Array.from(ip)] })];
    const leaf = issue({ commonName: 'x', issuer, extensions });
    expect(await verify([leaf, issuer])).toBe(good ? 'accepted' : 'ERR_CERT_NAME_CONSTRAINT');
  });
});
