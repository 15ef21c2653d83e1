// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createKeyPair } from '@proofgate/ca/authorities';
import {
  abandonRotation,
  activateRotation,
  issueIntermediary,
  makeCurrent,
  prepareRotation,
  retireRotation,
  revokeCertificate,
  writeGeneration,
  type JournalState,
  type RevocationReason,
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
const activate = (directory: string, at = AT): Promise<Rotation> =>
  withCa(directory, (ca) => activateRotation(ca, directory, at));
const retire = (directory: string, at = AT): Promise<Rotation> =>
  withCa(directory, (ca) => retireRotation(ca, directory, at));
const abandon = (directory: string): Promise<Rotation> =>
  withCa(directory, (ca) => abandonRotation(ca, directory, AT));
const revoke = (directory: string, serial: string, reason: RevocationReason): Promise<void> =>
  withCa(directory, (ca) => revokeCertificate(ca, { serial, reason, at: AT }));
const stateOf = (directory: string): Promise<JournalState> =>
  withCa(directory, (ca) => Promise.resolve(ca.state()));

/** A file of a generation. */
const fileOf = (directory: string, serial: string, name = 'intermediary.key'): string =>
  join(directory, 'generations', serial, name);

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
    await expect(prepare(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await expect(abandon(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await retire(directory);
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

/** What can be wrong with an intermediary, and how that is refused. */
const UNUSABLE: readonly [string, (directory: string, serial: string) => unknown, string][] = [
  ['lost its key', (out, serial) => rmSync(fileOf(out, serial)), 'ERR_CA_ROTATION'],
  [
    'lost its certificate',
    (out, serial) => rmSync(fileOf(out, serial, 'intermediary.pem')),
    'ERR_CA_ROTATION',
  ],
  [
    'has a key that does not fit',
    (out, serial) => writeFileSync(fileOf(out, serial), encodePrivateKey(root.privateKey)),
    'ERR_CA_KEY_MISMATCH',
  ],
  [
    'has half a key',
    (out, serial) => writeFileSync(fileOf(out, serial), '-----BEGIN PRIVATE KEY-----\n'),
    'ERR_CA_KEY_UNREADABLE',
  ],
  ['is revoked', (out, serial) => revoke(out, serial, 'keyCompromise'), 'ERR_CA_ROTATION'],
];

describe('an intermediary that cannot issue', () => {
  it.each(UNUSABLE)('is not activated when it %s', async (_, damage, code) => {
    const { directory, serial } = await machine();
    const rotation = await prepare(directory);
    await damage(directory, rotation.serial);
    await expect(activate(directory)).rejects.toEqual(refusal(code));
    expect(readlinkSync(join(directory, 'current'))).toBe(`generations/${serial}`);
    current(directory);
    await abandon(directory);
    await prepare(directory);
    await activate(directory);
    current(directory);
  });

  it.each(UNUSABLE)('costs no other its key when it %s', async (_, damage, code) => {
    const { directory, serial } = await machine();
    await prepare(directory);
    const rotation = await activate(directory);
    await damage(directory, rotation.serial);
    await expect(retire(directory)).rejects.toEqual(refusal(code));
    expect(existsSync(fileOf(directory, serial))).toBe(true);
    expect((await stateOf(directory)).issued.get(serial)?.revoked).toBeUndefined();
  });

  it('is neither activated nor kept alone when it has expired', async () => {
    const { directory, serial } = await machine();
    const late = new Date(AT.getTime() + 366 * DAY_MS);
    await prepare(directory);
    await expect(activate(directory, late)).rejects.toEqual(refusal('ERR_CA_EXPIRED'));
    await activate(directory);
    await expect(retire(directory, late)).rejects.toEqual(refusal('ERR_CA_EXPIRED'));
    expect(existsSync(fileOf(directory, serial))).toBe(true);
  });

  it('is replaced before the one before it is retired, and both go then', async () => {
    const { directory, serial } = await machine();
    const { serial: bad } = await prepare(directory);
    await activate(directory);
    await revoke(directory, bad, 'keyCompromise');
    const { serial: good } = await prepare(directory);
    await activate(directory);
    await retire(directory);
    const { issued } = await stateOf(directory);
    expect(issued.get(serial)?.revoked?.reason).toBe('superseded');
    expect(issued.get(bad)?.revoked?.reason).toBe('keyCompromise');
    expect(issued.get(good)?.revoked).toBeUndefined();
    for (const gone of [serial, bad]) expect(existsSync(fileOf(directory, gone))).toBe(false);
    current(directory);
    await prepare(directory);
  });
});

describe('a rotation that is abandoned', () => {
  it('leaves the old one in place, revokes the new one and can be begun again', async () => {
    const { directory, serial } = await machine();
    const first = await prepare(directory);
    expect(await abandon(directory)).toEqual(first);
    expect(await abandon(directory)).toEqual(first);
    expect(existsSync(join(directory, 'generations', first.serial))).toBe(false);
    const { issued } = await stateOf(directory);
    expect(issued.get(first.serial)?.revoked?.reason).toBe('cessationOfOperation');
    expect(issued.get(serial)?.revoked).toBeUndefined();
    current(directory);
    await expect(activate(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    const second = await prepare(directory);
    expect(await activate(directory)).toEqual(second);
  });

  it('has to be prepared', async () => {
    const { directory } = await machine();
    await expect(abandon(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
  });

  it('may have been interrupted while it was activated', async () => {
    const { directory } = await machine();
    await prepare(directory);
    const { previous, serial } = await activate(directory);
    await makeCurrent(directory, previous);
    await expect(prepare(directory)).rejects.toEqual(refusal('ERR_CA_ROTATION'));
    await abandon(directory);
    expect(existsSync(fileOf(directory, serial))).toBe(false);
    current(directory);
  });
});

describe('the directory of a machine', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is flushed whenever names in it change', async () => {
    const { directory } = await machine();
    const flushed: string[] = [];
    const file = await open(join(directory, 'root.pem'));
    // Sound: the prototype of a file handle has its methods.
    const methods = Object.getPrototypeOf(file) as FileHandle;
    await file.close();
    const sync = methods.sync;
    vi.spyOn(methods, 'sync').mockImplementation(async function (this: FileHandle) {
      flushed.push(readlinkSync(`/proc/self/fd/${String(this.fd)}`));
      await sync.call(this);
    });
    const generations = join(directory, 'generations');
    await writeGeneration(directory, { serial: '01', certificatePem: '', keyPem: '' });
    expect(flushed.slice(0, 2)).toEqual([generations, directory]);
    flushed.length = 0;
    await makeCurrent(directory, '01');
    expect(flushed).toEqual([directory]);
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
