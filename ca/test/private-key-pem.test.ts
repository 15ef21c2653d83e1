// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePrivateKey, encryptPrivateKey, readPrivateKey } from '@proofgate/ca';
import { hasOpenssl, opensslDirectory, opensslTitle } from './openssl.ts';

const PASSPHRASE = 'correct horse battery staple';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = encodePrivateKey(privateKey);
const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
const encrypted = await encryptPrivateKey(privateKey, PASSPHRASE);

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a private key file', () => {
  it('is read as PKCS#8, SEC1, and SEC1 with parameters in front', () => {
    const parameters =
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    for (const pem of [pkcs8, sec1, parameters + sec1]) {
      expect(readPrivateKey(pem).equals(privateKey)).toBe(true);
    }
  });

  it('is read from encrypted PKCS#8 with a passphrase as text and as bytes', () => {
    expect(readPrivateKey(encrypted, PASSPHRASE).equals(privateKey)).toBe(true);
    expect(readPrivateKey(encrypted, Buffer.from(PASSPHRASE)).equals(privateKey)).toBe(true);
  });

  it('is read as Node encrypts it', () => {
    const byNode = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
      .toString();
    expect(readPrivateKey(byNode, PASSPHRASE).equals(privateKey)).toBe(true);
  });

  it('is refused when encrypted and no passphrase came', () => {
    expect(() => readPrivateKey(encrypted)).toThrow(code('ERR_CA_PASSPHRASE_MISSING'));
  });

  it('is refused with another passphrase, which the error does not repeat', () => {
    const wrong = 'incorrect horse';
    try {
      readPrivateKey(encrypted, wrong);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_CA_PASSPHRASE_WRONG' });
      expect(JSON.stringify(error) + String(error)).not.toContain(wrong);
    }
  });

  it.each([
    ['nothing', ''],
    ['text', 'not a key'],
    ['a certificate label', pkcs8.replaceAll('PRIVATE KEY', 'CERTIFICATE')],
    ['two keys', pkcs8 + pkcs8],
    ['two kinds of key', pkcs8 + sec1],
    ['a cut block', pkcs8.slice(0, 100)],
    ['characters that are not base64', pkcs8.replace(/\n[A-Za-z0-9]/, '\n*')],
    ['bytes that are not a key', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n'],
    ['more than a key file can hold', pkcs8 + '\n'.repeat(20_000)],
    [
      'the headers of an old encrypted format',
      privateKey
        .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
        .toString(),
    ],
  ])('is refused when it holds %s', (_, pem) => {
    expect(() => readPrivateKey(pem, PASSPHRASE)).toThrow(code('ERR_CA_KEY_UNREADABLE'));
  });
});

describe('encrypting a private key', () => {
  it('never gives the same bytes twice', async () => {
    expect(await encryptPrivateKey(privateKey, PASSPHRASE)).not.toBe(encrypted);
  });

  it('refuses a passphrase below 8 bytes and takes one of 8', async () => {
    await expect(encryptPrivateKey(privateKey, '1234567')).rejects.toThrow(
      code('ERR_CA_PASSPHRASE_WEAK'),
    );
    expect(await encryptPrivateKey(privateKey, '12345678')).toContain('ENCRYPTED PRIVATE KEY');
  });
});

describe.skipIf(!hasOpenssl)(opensslTitle, () => {
  const directory = opensslDirectory();
  afterAll(() => {
    directory.dispose();
  });

  it('opens the encrypted key and finds scrypt with AES-256', () => {
    directory.write('passphrase', PASSPHRASE);
    const opened = directory.run(
      'pkey',
      '-in',
      directory.write('key.pem', encrypted),
      '-passin',
      'file:passphrase',
    );
    expect(readPrivateKey(opened).equals(privateKey)).toBe(true);
    const structure = directory.run('asn1parse', '-in', 'key.pem');
    expect(structure).toContain('PBES2');
    expect(structure).toMatch(/11591\.4\.11|scrypt/);
    expect(structure).toContain('aes-256-cbc');
  });

  it('writes keys that are read: genpkey, ecparam, topk8 with scrypt', () => {
    directory.write('passphrase', PASSPHRASE);
    directory.run('ecparam', '-genkey', '-name', 'secp384r1', '-out', 'sec1.pem');
    directory.run(
      'pkcs8',
      '-topk8',
      '-scrypt',
      '-in',
      'sec1.pem',
      '-out',
      'topk8.pem',
      '-passout',
      'file:passphrase',
    );
    const plain = readPrivateKey(directory.run('pkey', '-in', 'sec1.pem'));
    expect(plain.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    for (const name of ['sec1.pem', 'topk8.pem']) {
      const pem = directory.read(name);
      expect(readPrivateKey(pem, PASSPHRASE).equals(plain)).toBe(true);
    }
  });
});
