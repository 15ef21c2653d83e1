// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { gatewayStateSchema, type GatewayState } from '@proofgate/api';

const HOST = {
  hostname: 'app.example.com',
  mode: 'http',
  upstream: 'http://127.0.0.1:8001',
  attestation: 'certificate',
  extensions: [{ oid: '1.3.6.1.4.1.65230.3.1', value: 'AQID' }],
  manifest: 'AQID',
  limits: { bodyBytes: 1, requestTimeoutMs: 2, idleTimeoutMs: 3, responseTimeoutMs: 4 },
} as const;

const STATE = {
  version: 1,
  revision: 0,
  bootId: '5f0c7a1e-boot',
  platform: {
    tee: 'tdx',
    simulated: true,
    runtimeVersion: 'proofgate 0.1.0',
    imageProfile: 'dev',
    manifest: 'AQID',
    ccel: 'AQID',
  },
  eventLog: [{ type: 'proofgate.workload.unload', name: 'app' }],
  hosts: [HOST],
} as const satisfies GatewayState;

const withHost = (change: object): unknown => ({ ...STATE, hosts: [{ ...HOST, ...change }] });
const withPlatform = (change: object): unknown => ({
  ...STATE,
  platform: { ...STATE.platform, ...change },
});

describe('gatewayStateSchema', () => {
  test('reads a complete state', () => {
    expect(gatewayStateSchema.parse(STATE)).toEqual(STATE);
  });

  test('reads a state as JSON brought it', () => {
    expect(gatewayStateSchema.parse(JSON.parse(JSON.stringify(STATE)))).toEqual(STATE);
  });

  test('reads the least a state can be', () => {
    const { tee, simulated, runtimeVersion } = STATE.platform;
    const { hostname, mode, upstream, attestation } = HOST;
    const least = {
      ...STATE,
      platform: { tee, simulated, runtimeVersion },
      eventLog: [],
      hosts: [{ hostname, mode, upstream, attestation, extensions: [] }],
    };
    expect(gatewayStateSchema.parse(least)).toEqual(least);
  });

  test.each<[what: string, refused: unknown, path: string]>([
    ['another version', { ...STATE, version: 2 }, 'version'],
    ['an unknown member', { ...STATE, extra: 1 }, ''],
    ['a negative revision', { ...STATE, revision: -1 }, 'revision'],
    ['a fractional revision', { ...STATE, revision: 0.5 }, 'revision'],
    ['an empty boot id', { ...STATE, bootId: '' }, 'bootId'],
    ['a boot id that could climb', { ...STATE, bootId: '../x' }, 'bootId'],
    ['a platform that is not evidence', withPlatform({ tee: 'simulated' }), 'platform.tee'],
    ['no runtime version', withPlatform({ runtimeVersion: '' }), 'platform.runtimeVersion'],
    ['a manifest that is no base64', withPlatform({ manifest: 'A' }), 'platform.manifest'],
    ['an event that is no event', { ...STATE, eventLog: ['x'] }, 'eventLog.0'],
    ['an event of unknown type', { ...STATE, eventLog: [{ type: 'x' }] }, 'eventLog.0'],
    [
      'a host twice',
      { ...STATE, hosts: [HOST, { ...HOST, hostname: 'APP.example.com' }] },
      'hosts',
    ],
    ['a host that is no name', withHost({ hostname: 'a b' }), 'hosts.0.hostname'],
    ['an unknown mode', withHost({ mode: 'udp' }), 'hosts.0.mode'],
    ['an upstream of the other mode', withHost({ mode: 'tcp' }), 'hosts.0.upstream'],
    ['an unknown attestation', withHost({ attestation: 'none' }), 'hosts.0.attestation'],
    [
      'an identifier that is none',
      withHost({ extensions: [{ oid: '3.1', value: '' }] }),
      'hosts.0.extensions.0.oid',
    ],
    [
      'a value that is no base64',
      withHost({ extensions: [{ oid: '1.2', value: '*' }] }),
      'hosts.0.extensions.0.value',
    ],
    [
      'an extension twice',
      withHost({ extensions: [HOST.extensions[0], HOST.extensions[0]] }),
      'hosts.0.extensions',
    ],
    [
      'a limit of zero time',
      withHost({ limits: { idleTimeoutMs: 0 } }),
      'hosts.0.limits.idleTimeoutMs',
    ],
  ])('refuses %s', (_what, refused, path) => {
    const { error } = gatewayStateSchema.safeParse(refused);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});
