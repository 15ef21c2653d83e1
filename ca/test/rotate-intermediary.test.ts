// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createKeyPair } from '@proofgate/ca/authorities';
import {
  activateRotation,
  issueIntermediary,
  makeCurrent,
  prepareRotation,
  retireRotation,
  writeGeneration,
  type Rotation,
} from '@proofgate/ca/operator';
import { decodePem, parseCertificate } from '@proofgate/evidence';
import { caDirectory, withCa } from './ca-directory.ts';
import { AT, DAY_MS, pem, refusal, root } from './pki.ts';

const CRL_URL = 'http://ca.example.com/root.crl';

/** The directory of a CA that is also the one of a machine's intermediary. */
async function machine(): Promise<{ directory: string; serial: string }> {
  const directory = caDirectory();
  const serial = await withCa(directory, async (ca) => {
    const { publicKey, privateKey } = await createKeyPair('P-256');
    const issued = await issueIntermediary(ca, {
      root,
      publicKey,
      commonName: 'Test prod1',
      permittedDomains: ['prod1.example.com', 'legacy.example.net'],
      permittedIps: ['10.1.0.0/16', 'fd00:1::/32'],
      crlUrls: [CRL_URL],
      days: 365,
      at: AT,
      key: 'generated',
    });
    await writeGeneration(directory, {
      serial: issued.serial,
      certificatePem: pem(issued.certificate),
      keyPem: encodePrivateKey(privateKey),
    });
    await makeCurrent(directory, issued.serial);
    return issued.serial;
  });
  return { directory, serial };
}

const prepare = (directory: string): Promise<Rotation> =>
  withCa(directory, (ca) =>
    prepareRotation(ca, { out: directory, root, keyType: 'P-256', days: 365, at: AT }),
  );
const activate = (directory: string): Promise<Rotation> =>
  withCa(directory, (ca) => activateRotation(ca, directory, AT));
const retire = (directory: string): Promise<Rotation> =>
  withCa(directory, (ca) => retireRotation(ca, directory, AT));

function current(directory: string): ReturnType<typeof loadIssuer> {
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  expect(statSync(join(directory, 'intermediary.key')).mode & 0o777).toBe(0o600);
  return loadIssuer({
    certificatePem: text('intermediary.pem'),
    privateKeyPem: text('intermediary.key'),
    at: AT,
  });
}

describe('a rotation', () => {
  it('changes nothing when it is prepared, everything at once when it is activated', async () => {
    const { directory, serial } = await machine();
    const before = current(directory).certificate;
    const rotation = await prepare(directory);
    expect(rotation.previous).toBe(serial);
    expect(current(directory).certificate.raw).toEqual(before.raw);
    await activate(directory);
    const after = current(directory).certificate;
    expect(after.spki).not.toEqual(before.spki);
    expect(after.nameConstraints).toEqual(before.nameConstraints);
    expect(after.subject.text).toBe(before.subject.text);
    expect(after.extensions.get('2.5.29.31')?.value).toEqual(
      before.extensions.get('2.5.29.31')?.value,
    );
  });

  it('ends with the old one revoked and its key gone', async () => {
    const { directory, serial } = await machine();
    const rotation = await prepare(directory);
    await activate(directory);
    expect(existsSync(join(directory, 'generations', serial, 'intermediary.key'))).toBe(true);
    await retire(directory);
    expect(existsSync(join(directory, 'generations', serial))).toBe(false);
    const { issued } = await withCa(directory, (ca) => Promise.resolve(ca.state()));
    expect(issued.get(serial)?.revoked?.reason).toBe('superseded');
    expect(issued.get(rotation.serial)?.revoked).toBeUndefined();
    current(directory);
  });

  it('can be repeated step by step after an interruption', async () => {
    const { directory } = await machine();
    await prepare(directory);
    const first = await activate(directory);
    // As if the process had been killed between the journal and the link.
    await makeCurrent(directory, first.previous);
    expect(await activate(directory)).toEqual(first);
    expect(await retire(directory)).toEqual(first);
    expect(await retire(directory)).toEqual(first);
  });

  it('knows its order', async () => {
    const { directory } = await machine();
    await expect(activate(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await expect(retire(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await prepare(directory);
    await expect(prepare(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await activate(directory);
    await prepare(directory);
  });

  it('needs an intermediary of this CA', async () => {
    const directory = caDirectory();
    await expect(prepare(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await makeCurrent(directory, '0102');
    await expect(prepare(directory)).rejects.toEqual(refusal('ERR_CA_NOT_ISSUED'));
  });

  it('does not outlive the root', async () => {
    const { directory } = await machine();
    const late = withCa(directory, (ca) =>
      prepareRotation(ca, {
        ...{ out: directory, root, keyType: 'P-256', days: 365 },
        at: new Date(parseCertificate(root.certificate).notAfter.getTime() - 30 * DAY_MS),
      }),
    );
    await expect(late).rejects.toEqual(refusal('ERR_CA_VALIDITY'));
  });
});

describe('what an intermediary says', () => {
  it('names the place of revocations as openssl and Go read it', async () => {
    const { directory } = await machine();
    const text = readFileSync(join(directory, 'intermediary.pem'), 'utf8');
    const [der] = decodePem(text, 'CERTIFICATE');
    const points = parseCertificate(der ?? new Uint8Array()).extensions.get('2.5.29.31');
    expect(points?.critical).toBe(false);
    expect(Buffer.from(points?.value ?? []).toString('latin1')).toContain(CRL_URL);
  });
});
