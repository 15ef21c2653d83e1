// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createCertificateRequest,
  createKeyPair,
  readCertificateRequest,
  signIntermediary,
} from '@proofgate/ca/authorities';
import { decodePem, parseCertificate } from '@proofgate/evidence';
import { hasOpenssl, opensslDirectory, opensslTitle } from './openssl.ts';
import { AT, refusal, root } from './pki.ts';

describe('a certificate request', () => {
  it.each(['P-256', 'P-384'] as const)('carries a %s key to the one who signs', async (type) => {
    const { publicKey, privateKey } = await createKeyPair(type);
    const request = await createCertificateRequest(privateKey, 'prod1, "the first"');
    const key = readCertificateRequest(request);
    expect(key.equals(publicKey)).toBe(true);
    const certificate = await signIntermediary({
      ...{ root, publicKey: key, commonName: 'From a request', days: 30, at: AT },
      permittedDomains: ['prod1.example.com'],
    });
    const { spki } = parseCertificate(certificate);
    expect(Buffer.from(spki)).toEqual(publicKey.export({ type: 'spki', format: 'der' }));
  });

  it('is refused with any byte changed', async () => {
    const { privateKey } = await createKeyPair('P-256');
    const request = await createCertificateRequest(privateKey, 'prod1');
    for (let offset = 0; offset < request.length; offset += 1) {
      const changed = Uint8Array.from(request);
      changed[offset] = (changed[offset] ?? 0) ^ 0x01;
      expect(problemOf(changed), `offset ${String(offset)}`).toMatch(
        /^ERR_CA_(REQUEST_INVALID|KEY_UNSUPPORTED)$/,
      );
    }
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['too much', new Uint8Array(20_000)],
    ['no request', Buffer.from('MIIB')],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => readCertificateRequest(bytes)).toThrow(refusal('ERR_CA_REQUEST_INVALID'));
  });

  it('is refused with bytes behind it', async () => {
    const { privateKey } = await createKeyPair('P-256');
    const request = await createCertificateRequest(privateKey, 'prod1');
    const longer = Uint8Array.from([...request, 0]);
    expect(() => readCertificateRequest(longer)).toThrow(refusal('ERR_CA_REQUEST_INVALID'));
  });
});

describe.skipIf(!hasOpenssl)(opensslTitle, () => {
  const directory = opensslDirectory();

  it('makes requests that are read, and reads ours', async () => {
    directory.run(
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=prod1'],
    );
    const [request] = decodePem(directory.read('request.pem'), 'CERTIFICATE REQUEST');
    const key = readCertificateRequest(request ?? new Uint8Array());
    expect(key.equals(createPublicKey(directory.read('key.pem')))).toBe(true);

    const { privateKey } = await createKeyPair('P-384');
    directory.write('ours.der', await createCertificateRequest(privateKey, 'prod1'));
    const { output } = directory.attempt('req', '-inform', 'DER', '-in', 'ours.der', '-verify');
    expect(output).toContain('self-signature verify OK');
  });

  it('makes RSA requests, which are refused by their key', () => {
    directory.run(
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'rsa.pem'],
      ...['-out', 'rsa-request.pem', '-subj', '/CN=prod1'],
    );
    const [request] = decodePem(directory.read('rsa-request.pem'), 'CERTIFICATE REQUEST');
    expect(() => readCertificateRequest(request ?? new Uint8Array())).toThrow(
      refusal('ERR_CA_KEY_UNSUPPORTED'),
    );
    directory.dispose();
  });
});

describe('an intermediary for a request', () => {
  it.each([['ed25519'], ['x25519']] as const)('is not made for an %s key', async (type) => {
    // Two overloads of one call; both kinds need no options.
    const { publicKey } =
      type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
    const made = signIntermediary({
      ...{ root, publicKey, commonName: 'Other', days: 30, at: AT },
      permittedDomains: ['prod1.example.com'],
    });
    await expect(made).rejects.toEqual(refusal('ERR_CA_KEY_UNSUPPORTED'));
  });

  it.each([['ftp://x/'], ['http://x/ y'], [`http://${'x'.repeat(600)}/`]])(
    'does not name %s as the place of revocations',
    async (url) => {
      const { publicKey } = await createKeyPair('P-256');
      const made = signIntermediary({
        ...{ root, publicKey, commonName: 'Other', days: 30, at: AT, crlUrls: [url] },
        permittedDomains: ['prod1.example.com'],
      });
      await expect(made).rejects.toEqual(refusal('ERR_CA_NAME_INVALID'));
    },
  );
});

function problemOf(request: Uint8Array): unknown {
  try {
    readCertificateRequest(request);
    return 'accepted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
