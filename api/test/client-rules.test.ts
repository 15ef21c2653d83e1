// SPDX-License-Identifier: Apache-2.0
import { testRules, withContainer } from './rule-cases.ts';
import { MINIMAL, PLATFORM } from './example-files.ts';

const POLICY = { version: 1, tee: 'tdx' };
const required = (policy: object = {}, more: object = {}): object => ({
  clients: 'required',
  client_policy: { ...POLICY, ...policy },
  ...more,
});

function withClients(route: object, clients: object = {}): unknown {
  return {
    ...MINIMAL,
    platform: { ...PLATFORM, clients },
    routes: [{ hostname: 'r.example.org', upstream: 'http://127.0.0.1:9000', ...route }],
  };
}

const TCP = { mode: 'tcp', upstream: '127.0.0.1:1' };
const SERVICE = { collateral: 'https://pccs.example.com' };

testRules([
  [
    'clients of a container',
    withContainer(required()),
    withContainer({ clients: 'required' }),
    /containers\.0\.clients: needs a client_policy/,
  ],
  [
    'the policy of a container, which is measured',
    withContainer(required()),
    withContainer(required({}, { client_policy: '/policy.json' })),
    /containers\.0\.client_policy/,
  ],
  [
    'clients of a container with a host',
    withContainer(required()),
    withContainer(required({}, { internal: true })),
    /containers\.0\.clients: are those of a host/,
  ],
  [
    'what clients can prove',
    withClients(required()),
    withClients(required({ workloads: {} })),
    /routes\.0\.client_policy: names workloads/,
  ],
  [
    'roots for what certificates say',
    withClients(required({ imageProfile: 'production' }), { roots: '/roots.pem' }),
    withClients(required({ imageProfile: 'production' })),
    /routes\.0\.client_policy: asks for what certificates say/,
  ],
  [
    'clients of tcp',
    withClients(required({}, TCP), SERVICE),
    withClients(required({}, { ...TCP, clients: 'optional' }), SERVICE),
    /routes\.0\.clients: mode tcp cannot tell the upstream/,
  ],
  [
    'evidence of clients of tcp',
    withClients(required({ freshness: { mode: 'certificate' } }, TCP), SERVICE),
    withClients(required({ freshness: { mode: 'session' } }, TCP), SERVICE),
    /routes\.0\.client_policy: asks for evidence for the session/,
  ],
  [
    'collateral for clients of tcp',
    withClients(required({}, TCP), SERVICE),
    withClients(required({}, TCP)),
    /routes\.0\.clients: of mode tcp cannot staple/,
  ],
]);
