// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyPair } from '@proofgate/ca/authorities';
import {
  encryptedFileKeyStore,
  fileKeyStore,
  memoryKeyStore,
  sealedKeyStore,
  type KeyStore,
} from '@proofgate/ca/enrolment';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { describe, expect, it } from 'vitest';
import { emptyDirectory } from './ca-directory.ts';
import { AT, refusal } from './pki.ts';

const PASSPHRASE = 'correct horse battery';
const platform = createSimulatedPlatform({ at: AT });
const sealingKey = (context: string): Promise<Uint8Array> =>
  Promise.resolve(platform.sealingKey(context));

const STORES: readonly [KeyStore['kind'], (directory: string) => KeyStore][] = [
  ['memory', memoryKeyStore],
  ['file', fileKeyStore],
  ['encrypted-file', (directory) => encryptedFileKeyStore(directory, PASSPHRASE)],
  ['sealed', (directory) => sealedKeyStore(directory, sealingKey)],
];

describe.each(STORES)('a %s store', (kind, open) => {
  it('keeps keys by name', async () => {
    const store = open(emptyDirectory());
    expect(store.kind).toBe(kind);
    const [first, second] = [await createKeyPair('P-256'), await createKeyPair('P-384')];
    expect(await store.load('prod1.example.com')).toBeUndefined();
    await store.save('prod1.example.com', first.privateKey);
    await store.save('prod2.example.com', second.privateKey);
    expect((await store.load('prod1.example.com'))?.equals(first.privateKey)).toBe(true);
    expect((await store.load('prod2.example.com'))?.equals(second.privateKey)).toBe(true);
    expect((await store.names()).toSorted()).toEqual(['prod1.example.com', 'prod2.example.com']);
    await store.save('prod1.example.com', second.privateKey);
    expect((await store.load('prod1.example.com'))?.equals(second.privateKey)).toBe(true);
    await store.remove('prod1.example.com');
    await store.remove('prod1.example.com');
    expect(await store.load('prod1.example.com')).toBeUndefined();
  });

  it.each(['', '../x', 'a/b', 'A', 'a..b', '.hidden', 'x'.repeat(200)])(
    'takes no name like %j',
    async (name) => {
      const store = open(emptyDirectory());
      const attempt = async (): Promise<unknown> => store.load(name);
      await expect(attempt()).rejects.toEqual(refusal('ERR_CA_KEY_STORE'));
    },
  );
});

describe.each(STORES.slice(1))('the files of a %s store', (kind, open) => {
  async function saved(): Promise<{ directory: string; store: KeyStore; path: string }> {
    const directory = emptyDirectory();
    const store = open(directory);
    await store.save('machine', (await createKeyPair('P-256')).privateKey);
    const [name = ''] = readdirSync(directory);
    return { directory, store, path: join(directory, name) };
  }

  it('are for their owner alone', async () => {
    const { store, path } = await saved();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o640);
    await expect(store.load('machine')).rejects.toEqual(refusal('ERR_DAEMON_FILE_NOT_PRIVATE'));
  });

  it('are refused when they are damaged, and the error says nothing of the key', async () => {
    const { store, path } = await saved();
    writeFileSync(path, readFileSync(path).subarray(0, 60));
    const error = await store.load('machine').catch((failure: unknown) => failure);
    expect(error).toEqual(refusal('ERR_CA_KEY_STORE'));
    expect(String(error)).not.toContain('PRIVATE');
  });

  it('hold the key in the clear only where that is what was asked for', async () => {
    const { path } = await saved();
    const text = readFileSync(path, 'latin1');
    expect(text.includes('BEGIN PRIVATE KEY')).toBe(kind === 'file');
    expect(text.includes('BEGIN ENCRYPTED PRIVATE KEY')).toBe(kind === 'encrypted-file');
  });
});

describe('a sealed key', () => {
  it('is opened by the same TD alone', async () => {
    const directory = emptyDirectory();
    await sealedKeyStore(directory, sealingKey).save(
      'm',
      (await createKeyPair('P-256')).privateKey,
    );
    const again = createSimulatedPlatform({ at: AT, identity: platform.identity });
    await again.extend(3, randomBytes(48));
    const same = sealedKeyStore(directory, (context) => Promise.resolve(again.sealingKey(context)));
    expect(await same.load('m')).toBeDefined();

    const changed = createSimulatedPlatform({ at: AT, identity: platform.identity });
    await changed.extend(2, randomBytes(48));
    const stranger = createSimulatedPlatform({ at: AT });
    for (const other of [changed, stranger]) {
      const store = sealedKeyStore(directory, (context) =>
        Promise.resolve(other.sealingKey(context)),
      );
      await expect(store.load('m')).rejects.toEqual(refusal('ERR_CA_KEY_STORE'));
    }
  });

  it('does not answer to another name', async () => {
    const directory = emptyDirectory();
    const store = sealedKeyStore(directory, sealingKey);
    await store.save('a', (await createKeyPair('P-256')).privateKey);
    renameSync(join(directory, 'a.sealed'), join(directory, 'b.sealed'));
    await expect(store.load('b')).rejects.toEqual(refusal('ERR_CA_KEY_STORE'));
  });
});
