// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildImage } from '../../../test/containers/support/oci-image.ts';
import { REGISTRY_TIMING } from '../../src/image/registry/registry-timing.ts';
import { nodeTransport } from '../../src/image/registry/registry-transport.ts';
import { noSignal, QUICK, refusalOf, testRegistry, testStore } from './store-stage.ts';

const IMAGE = buildImage({ layers: [{ entries: [{ name: 'a', content: 'a' }] }] });
const LAYER = IMAGE.layers[0]!;
const REFUSED = 'ERR_LAUNCHER_REGISTRY_REFUSED';

describe('TLS', () => {
  let tls: { readonly key: string; readonly cert: string };
  beforeAll(async () => {
    tls = await makeCertificate('registry.test');
  });

  /** Every name is this machine. */
  const lookup: LookupFunction = (_, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  const transport = (ca: string) =>
    nodeTransport({ timing: { ...REGISTRY_TIMING, ...QUICK }, ca, lookup });
  const named = (reference: string, name = 'registry.test'): string =>
    reference.replace('127.0.0.1', name);

  test('is used for every host but this one', async () => {
    const registry = await testRegistry({ tls });
    const { store } = await testStore({ transport: transport(tls.cert) });
    await store.pull(named(registry.add('app', IMAGE)), { signal: noSignal() });
    expect(registry.requests).toHaveLength(3);
  });

  test.each([
    ['for another name', 'other.test', () => tls.cert],
    ['of an unknown authority', 'registry.test', () => ''],
  ])('refuses a certificate %s at once', async (_, name, ca) => {
    const registry = await testRegistry({ tls });
    const { store } = await testStore({ transport: transport(ca()) });
    const pull = store.pull(named(registry.add('app', IMAGE), name), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
    expect(registry.requests).toHaveLength(0);
  });

  test('a registry without TLS is refused unless the configuration allows it', async () => {
    const registry = await testRegistry();
    const reference = named(registry.add('app', IMAGE));
    const { store } = await testStore({ transport: transport(tls.cert) });
    expect((await refusalOf(store.pull(reference, { signal: noSignal() }))).code).toBe(REFUSED);
    const host = named(registry.host);
    const registries = [{ host, plain_http: true }];
    const { store: allowed } = await testStore({ registries, transport: transport(tls.cert) });
    await allowed.pull(reference, { signal: noSignal() });
  });

  test.each([
    'https://127.0.0.1:1/x',
    'https://localhost/x',
    'https://localhost./x',
    'https://2130706433/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://0.0.0.0/x',
    'http://127.0.0.1/x',
    'http://registry.test/x',
  ])('does not let a registry elsewhere lead it to %s', async (location) => {
    const registry = await testRegistry({ tls });
    registry.fail(LAYER.digest, { kind: 'redirect', location });
    const { store } = await testStore({ transport: transport(tls.cert) });
    const pull = store.pull(named(registry.add('app', IMAGE)), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(REFUSED);
  });

  test('lets it lead to another host with TLS', async () => {
    const storage = await testRegistry({ tls });
    storage.add('app', IMAGE);
    const registry = await testRegistry({ tls });
    const location = `${named(storage.url)}/v2/app/blobs/${LAYER.digest}`;
    registry.fail(LAYER.digest, { kind: 'redirect', location });
    const { store } = await testStore({ transport: transport(tls.cert) });
    await store.pull(named(registry.add('app', IMAGE)), { signal: noSignal() });
    expect(storage.requests).toHaveLength(1);
  });
});

test('a name without registry is asked from Docker Hub', async () => {
  const urls: string[] = [];
  const { store } = await testStore({
    transport: {
      get: ({ url }) => {
        urls.push(url.href);
        return Promise.reject(new Error('offline'));
      },
      close: () => undefined,
    },
    timing: { tries: 1 },
  });
  await refusalOf(store.pull(`nginx@${IMAGE.pin}`, { signal: noSignal() }));
  expect(urls).toEqual([`https://registry-1.docker.io/v2/library/nginx/manifests/${IMAGE.pin}`]);
});

async function makeCertificate(name: string) {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const kind = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
  ];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const pair = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  await rm(directory, { recursive: true });
  return pair;
}
