// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vmConfigSchema, type VmConfig } from '@proofgate/api';
import { encodePem, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { parsePolicy } from '@proofgate/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOwnClients, routeClients } from '../src/primary/client-rules.ts';
import { CLIENT_ROOT, policyFor, TEST_CLIENT_SETTINGS } from './test-clients.ts';

const platform = createSimulatedPlatform();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proofgate-clients-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

function configOf(route: object, clients: object = {}): VmConfig {
  return vmConfigSchema.parse({
    version: '1',
    platform: { ca_cert: 'a', ca_key: 'b', clients },
    routes: [{ hostname: 'app.example.com', upstream: 'http://127.0.0.1:1', ...route }],
  });
}

async function rulesOf(route: object, clients: object = {}) {
  const { platform: own, routes } = configOf(route, clients);
  const { policies, settings } = await readOwnClients(own.clients, routes);
  const [{ hostname, mode, clients: asked }] = routes as [VmConfig['routes'][number]];
  if (asked === 'none') throw new Error('nobody is asked');
  return routeClients({ hostname, mode, clients: asked }, policies.get(hostname)!, settings);
}

const TCP = { mode: 'tcp', upstream: '127.0.0.1:1' };

describe('what clients have to prove', () => {
  it('is read from a file or from the route itself, and means the same', async () => {
    const policy = policyFor(platform);
    const path = await file('policy.json', JSON.stringify(policy));
    const read = await rulesOf({ clients: 'required', client_policy: path });
    const inline = await rulesOf({ clients: 'required', client_policy: policy });
    expect(read.policy.name).toBe('test clients');
    expect(inline.id).toBe(read.id);
  });

  it.each([
    ['its mode', { clients: 'optional' }, {}],
    ['its policy', { client_policy: policyFor(platform, { name: 'other' }) }, {}],
    ['how long it holds', {}, { max_age: '1m' }],
    ['its headers', {}, { privasys_headers: true }],
  ])('has another name when %s differs', async (_what, route, clients) => {
    const usual = { clients: 'required', client_policy: policyFor(platform) };
    const one = await rulesOf(usual);
    const other = await rulesOf({ ...usual, ...route }, clients);
    expect(other.id).not.toBe(one.id);
  });

  it('has collateral and roots as the file says', async () => {
    const bundle = platform.collateral();
    const collateral = await file('bundle.json', JSON.stringify(bundle));
    const roots = await file('roots.pem', encodePem('CERTIFICATE', CLIENT_ROOT.certificate));
    const route = { clients: 'required', client_policy: policyFor(platform) };
    const { settings } = await rulesOf(route, { collateral, roots });
    expect(settings.collateral).toEqual({ kind: 'bundles', bundles: [bundle], from: collateral });
    expect(settings.caRoots?.map(toHex)).toEqual([toHex(CLIENT_ROOT.certificate)]);
    const service = await rulesOf(route, { collateral: 'https://pccs.example.com' });
    expect(service.settings.collateral).toEqual({
      kind: 'service',
      url: 'https://pccs.example.com',
    });
  });

  it.each<[string, unknown, object, RegExp]>([
    ['a policy that is not there', '/nowhere.json', {}, /app\.example\.com/],
    ['an unknown key', { version: 1, tees: ['tdx'] }, {}, /tees/],
    ['a policy without rules', { version: 1 }, {}, /nothing that is acceptable/],
    ['collateral that is not there', policyFor(platform), { collateral: '/nowhere' }, /collateral/],
    ['roots that are none', policyFor(platform), { roots: '/dev/null' }, /roots/],
  ])('is refused with %s', async (_what, policy, clients, message) => {
    const reading = rulesOf({ clients: 'required', client_policy: policy }, clients);
    await expect(reading).rejects.toMatchObject(refusal(message));
  });

  it.each<[string, object, object, RegExp]>([
    ['workloads', { workloads: { a: [`sha256:${'0'.repeat(64)}`] } }, {}, /workloads/],
    ['an image profile without roots', { imageProfile: 'production' }, {}, /nobody vouches/],
    ['a session on tcp', { freshness: { mode: 'session' } }, TCP, /for the session/],
  ])('is refused when a file asks for %s', async (_what, more, route, message) => {
    const path = await file('asking.json', JSON.stringify(policyFor(platform, more)));
    const wanted = { clients: 'required', client_policy: path, ...route };
    const reading = rulesOf(wanted, { collateral: 'https://pccs.example.com' });
    await expect(reading).rejects.toMatchObject(refusal(message));
  });

  it('is refused when clients of tcp had to staple', () => {
    const policy = parsePolicy(policyFor(platform));
    const host = { hostname: 'app.example.com', mode: 'tcp', clients: 'required' } as const;
    expect(() => routeClients(host, policy, TEST_CLIENT_SETTINGS)).toThrow(/staple/);
  });
});

function refusal(message: RegExp): object {
  return { code: 'ERR_PROXY_CLIENT_POLICY', message: expect.stringMatching(message) as string };
}
