// SPDX-License-Identifier: Apache-2.0
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../../../test/containers/support/oci-image.ts';
import type { OciRegistry } from '../../../test/containers/support/oci-registry.ts';
import { noSignal, refusalOf, scratchDirectory, testRegistry, testStore } from './store-stage.ts';

const IMAGE = buildImage({ layers: [{ entries: [{ name: 'a', content: 'a' }] }] });
const LAYER = IMAGE.layers[0]!;

const UNAUTHORIZED = 'ERR_LAUNCHER_REGISTRY_UNAUTHORIZED';
const REFUSED = 'ERR_LAUNCHER_REGISTRY_REFUSED';

describe('token authentication', () => {
  test('gets a token once and uses it for everything', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 'abc.def-_~+/==' };
    const { store } = await testStore();
    await store.pull(registry.add('team/app', IMAGE), { signal: noSignal() });
    const tokens = registry.requests.filter(({ path }) => path.startsWith('/token'));
    expect(tokens).toHaveLength(1);
    expect(tokens[0]?.path).toBe('/token?service=test&scope=repository%3Aapp%3Apull');
    expect(tokens[0]?.authorization).toBeUndefined();
    expect(
      registry.requests.filter(({ authorization }) => authorization === undefined),
    ).toHaveLength(2);
  });

  test('gets another one when the token has expired', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 'first' };
    const { store } = await testStore();
    const reference = registry.add('app', IMAGE);
    await store.pull(reference, { signal: noSignal() });
    registry.auth = { kind: 'token', token: 'second' };
    const other = buildImage({ layers: [{ entries: [{ name: 'b' }] }] });
    await store.pull(registry.add('app', other), { signal: noSignal() });
    expect(registry.requests.at(-1)?.authorization).toBe('Bearer second');
  });

  test('sends the password to the token service alone', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't', credentials: 'user:pass:word' };
    const { store } = await storeWithCredentials(registry, 'user:pass:word\n');
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    const withPassword = registry.requests.filter(({ authorization = '' }) =>
      authorization.startsWith('Basic '),
    );
    expect(withPassword.map(({ path }) => path.split('?')[0])).toEqual(['/token']);
  });

  test('uses a token from the file as it is', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 'from-the-file' };
    const { store } = await storeWithCredentials(registry, 'from-the-file');
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect(registry.requests.some(({ path }) => path.startsWith('/token'))).toBe(false);
  });

  test.each([
    ['no token', '{}'],
    ['no JSON', 'token'],
    ['null', 'null'],
    ['a token that would break the header', '{"token":"a\\r\\nb: c"}'],
    ['a token without end', JSON.stringify({ token: 'a'.repeat(100_000) })],
  ])('refuses a service that gives %s', async (_, answer) => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't', answer };
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
  });

  test.each([
    ['wrong credentials', 'user:wrong', UNAUTHORIZED],
    ['no credentials', undefined, UNAUTHORIZED],
  ])('is unauthorized with %s', async (_, credentials, code) => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't', credentials: 'user:right' };
    const { store } =
      credentials === undefined
        ? await testStore()
        : await storeWithCredentials(registry, credentials);
    const error = await refusalOf(store.pull(registry.add('app', IMAGE), { signal: noSignal() }));
    expect(error.code).toBe(code);
    expect(JSON.stringify(error)).not.toContain('wrong');
  });

  test('is unauthorized when the token is not accepted', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't', answer: '{"access_token":"other"}' };
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(UNAUTHORIZED);
    expect(registry.requests).toHaveLength(3);
  });

  test.each([
    ['plain HTTP elsewhere', 'http://tokens.example/token'],
    ['a password in it', 'https://user:password@tokens.example/token'],
    ['no URL', 'https://'],
    ['a file', 'file:///etc/passwd'],
  ])('refuses a realm with %s', async (_, realm) => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't', realm };
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
  });

  test('a token service that fails for a moment is asked again', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't' };
    registry.fail('/token', { kind: 'status', status: 503 }, 1);
    const { store } = await testStore();
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
  });

  test('a token service that redirects is refused', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'token', token: 't' };
    registry.fail('/token', { kind: 'redirect', location: '/elsewhere' });
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
  });
});

describe('basic authentication', () => {
  test('sends the password when it is asked for', async () => {
    const registry = await testRegistry();
    registry.auth = { kind: 'basic', credentials: 'user:password' };
    const { store } = await storeWithCredentials(registry, 'user:password\r\n');
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect(registry.requests[0]?.authorization).toBeUndefined();
  });

  test.each(['user:wrong', 'token'])('is unauthorized with %s', async (credentials) => {
    const registry = await testRegistry();
    registry.auth = { kind: 'basic', credentials: 'user:password' };
    const { store } = await storeWithCredentials(registry, credentials);
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(UNAUTHORIZED);
  });

  test.each([
    ['is empty', '', 0o600, UNAUTHORIZED],
    ['has two lines', 'user:password\nmore', 0o600, UNAUTHORIZED],
    ['others can read', 'user:password', 0o644, 'ERR_DAEMON_FILE_NOT_PRIVATE'],
  ])('refuses a file that %s', async (_, text, mode, code) => {
    const registry = await testRegistry();
    registry.auth = { kind: 'basic', credentials: 'user:password' };
    const { store } = await storeWithCredentials(registry, text, mode);
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    await expect(pull).rejects.toMatchObject({ code });
  });

  test('a status 401 without a challenge', async () => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const reference = registry.add('app', IMAGE);
    registry.fail(IMAGE.pin, { kind: 'status', status: 401 });
    expect((await refusalOf(store.pull(reference, { signal: noSignal() }))).code).toBe(
      UNAUTHORIZED,
    );
    registry.fail(IMAGE.pin, { kind: 'status', status: 403 });
    expect((await refusalOf(store.pull(reference, { signal: noSignal() }))).code).toBe(
      UNAUTHORIZED,
    );
  });
});

describe('redirects', () => {
  test('are followed to other hosts without the authorization', async () => {
    const [registry, storage] = [await testRegistry(), await testRegistry()];
    registry.auth = { kind: 'token', token: 't' };
    storage.add('app', IMAGE);
    const location = `${storage.url}/v2/app/blobs/${LAYER.digest}?signature=secret`;
    registry.fail(LAYER.digest, { kind: 'redirect', location });
    const { store } = await testStore();
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect(registry.requests.at(-1)?.authorization).toBe('Bearer t');
    expect(storage.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test.each([301, 302, 303, 307, 308])('with status %i and a relative place', async (status) => {
    const registry = await testRegistry();
    const location = `/v2/app/blobs/${LAYER.digest}`;
    registry.fail(LAYER.digest, { kind: 'redirect', location, status }, 1);
    const { store } = await testStore();
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect(registry.requestsFor(LAYER.digest)).toHaveLength(2);
  });

  test.each([
    ['plain HTTP on another host', 'http://storage.example/blob?signature=secret'],
    ['another protocol', 'ftp://storage.example/blob'],
    ['a password', 'https://user:secret@storage.example/blob'],
    ['nothing', ''],
  ])('to %s are refused', async (_, location) => {
    const registry = await testRegistry();
    registry.fail(LAYER.digest, { kind: 'redirect', location });
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    const error = await refusalOf(pull);
    expect(error.code).toBe(REFUSED);
    expect(`${error.message} ${String(error.seen)}`).not.toContain('secret');
  });

  test('without end are refused', async () => {
    const registry = await testRegistry();
    registry.fail(LAYER.digest, { kind: 'redirect', location: `/v2/app/blobs/${LAYER.digest}` });
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
    expect(registry.requestsFor(LAYER.digest)).toHaveLength(6);
  });

  test('a storage service that refuses is not the registry wanting credentials', async () => {
    const [registry, storage] = [await testRegistry(), await testRegistry()];
    registry.fail(LAYER.digest, { kind: 'redirect', location: `${storage.url}/blob` });
    const { store } = await testStore();
    for (const status of [401, 403, 404]) {
      storage.fail('/blob', { kind: 'status', status });
      const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
      expect((await refusalOf(pull)).code).toBe(REFUSED);
    }
  });
});

async function storeWithCredentials(registry: OciRegistry, text: string, mode = 0o600) {
  const path = join(await scratchDirectory(), 'credentials');
  await writeFile(path, text);
  await chmod(path, mode);
  const registries = [{ host: registry.host, credentials_file: path, plain_http: false }];
  return await testStore({ registries });
}
