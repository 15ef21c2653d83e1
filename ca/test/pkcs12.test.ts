// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePrivateKey } from '@proofgate/ca';
import { readPkcs12 } from '@proofgate/ca/operator';
import { hasOpenssl, opensslDirectory, opensslTitle } from './openssl.ts';
import { intermediary, pem, refusal, root } from './pki.ts';

const PASSPHRASE = 'correct horse battery';

describe.skipIf(!hasOpenssl)(opensslTitle, () => {
  const directory = opensslDirectory();
  afterAll(() => {
    directory.dispose();
  });
  directory.write('key.pem', encodePrivateKey(intermediary.privateKey));
  directory.write('cert.pem', pem(intermediary.certificate));
  directory.write('root.pem', pem(root.certificate));

  function pkcs12(...options: string[]): Uint8Array {
    const out = ['-out', 'out.p12', '-passout', `pass:${PASSPHRASE}`];
    directory.run('pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', ...out, ...options);
    return new Uint8Array(readFileSync(directory.path('out.p12')));
  }

  it.each([
    ['today', []],
    ['as of old', ['-legacy']],
  ])('packs key and chain %s', (_, options) => {
    const { privateKey, certificates } = readPkcs12(
      pkcs12('-certfile', 'root.pem', ...options),
      PASSPHRASE,
    );
    expect(privateKey.equals(intermediary.privateKey)).toBe(true);
    expect(certificates).toEqual([intermediary.certificate, root.certificate].map(plain));
  });

  it('is not opened by another passphrase', () => {
    const file = pkcs12();
    expect(() => readPkcs12(file, 'wrong')).toThrow(refusal('ERR_CA_PASSPHRASE_WRONG'));
  });

  it('needs one key and a certificate', () => {
    expect(() => readPkcs12(pkcs12('-nocerts'), PASSPHRASE)).toThrow(refusal('ERR_CA_PKCS12'));
    directory.run(
      ...['pkcs12', '-export', '-nokeys', '-in', 'cert.pem', '-out', 'none.p12'],
      ...['-passout', `pass:${PASSPHRASE}`],
    );
    const none = new Uint8Array(readFileSync(directory.path('none.p12')));
    expect(() => readPkcs12(none, PASSPHRASE)).toThrow(refusal('ERR_CA_PKCS12'));
  });

  it('fails with a code of ours whatever is wrong with it', () => {
    const file = pkcs12();
    for (let length = 0; length < file.length; length += 41) {
      expect(() => readPkcs12(file.subarray(0, length), PASSPHRASE)).toThrow(
        refusal('ERR_CA_PKCS12'),
      );
    }
    for (let offset = 0; offset < file.length; offset += 61) {
      const changed = Uint8Array.from(file);
      changed[offset] = (changed[offset] ?? 0) ^ 0x10;
      expect(problemOf(changed), `offset ${String(offset)}`).toMatch(/^ERR_CA_|^read$/);
    }
    expect(() => readPkcs12(new Uint8Array(300_000), PASSPHRASE)).toThrow(refusal('ERR_CA_PKCS12'));
  });
});

function problemOf(file: Uint8Array): unknown {
  try {
    readPkcs12(file, PASSPHRASE);
    return 'read';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
