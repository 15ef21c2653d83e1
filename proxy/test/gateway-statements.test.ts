// SPDX-License-Identifier: Apache-2.0
import {
  gatewayStateSchema,
  vmConfigSchema,
  type GatewayConfigure,
  type GatewayHost,
  type GatewayState,
} from '@proofgate/api';
import { OID, toBase64, utf8 } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../src/identity/mint-identity.ts';
import type { Snapshot } from '../src/ipc/snapshot.ts';
import { desiredHosts, type DesiredHost } from '../src/primary/gateway-hosts.ts';
import { buildSnapshot } from '../src/primary/snapshot-builder.ts';
import { routeForConnection } from '../src/worker/connection-route.ts';
import { NO_CLIENTS } from './test-clients.ts';

const { limits } = vmConfigSchema.parse({
  version: '1',
  platform: { ca_cert: 'a', ca_key: 'b' },
}).platform;

const CONFIGURE: GatewayConfigure = {
  method: 'POST',
  path: '/configure',
  upstream: 'unix:/run/proofgate/gate/0123456789abcdef.sock',
  open: true,
};

type Said = Readonly<Record<string, string>>;

function hostOf(said: Said, more: Partial<GatewayHost> = {}): GatewayHost {
  return {
    hostname: 'app.example.com',
    mode: 'http',
    upstream: 'http://127.0.0.1:8000',
    attestation: 'certificate',
    extensions: [
      { oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(1)) },
      ...Object.entries(said).map(([tail, value]) => ({
        oid: `${OID.configurationHash}.${tail}`,
        value: toBase64(utf8(value)),
      })),
    ],
    ...more,
  };
}

function stateOf(host: GatewayHost): GatewayState {
  const platform = { tee: 'tdx', simulated: true, runtimeVersion: 'launcher/1' } as const;
  return { version: 1, revision: 1, bootId: 'b', platform, eventLog: [], hosts: [host] };
}

function described(host: GatewayHost): DesiredHost {
  const own = {
    routes: [],
    limits,
    caCertFile: utf8('ca'),
    clients: NO_CLIENTS,
    attestationServers: [],
    imageProfile: undefined,
    ccel: undefined,
    awaitLauncher: false,
  };
  return desiredHosts(own, stateOf(host))[0]!;
}

/** The snapshot after `before` was published, while `after` has only the identity of `before`. */
function meanwhile(before: GatewayHost, after: GatewayHost): Snapshot['hosts'] {
  const { spec } = described(before);
  const identity: Identity = {
    id: 'before',
    spec,
    privateKey: '',
    chainPem: '',
    spki: new Uint8Array(),
    spkiSha256: '',
    caSpkiSha256: '',
    notBefore: new Date(0),
    notAfter: new Date(1),
    document: new Uint8Array(),
  };
  const find = (): Identity => identity;
  const first = buildSnapshot(1, [described(before)], find, undefined);
  return buildSnapshot(2, [described(after)], find, first).hosts;
}

describe('what a workload says about itself', () => {
  it('does not make it another workload', () => {
    const silent = described(hostOf({})).route;
    const talking = described(hostOf({ '5': 'model', '7.1': 'tools' })).route;
    expect(talking.workload).toBe(silent.workload);
    expect(silent.statements).toEqual([]);
    expect(talking.statements).toHaveLength(2);
    expect(described(hostOf({ '5': 'other' })).route.statements).not.toEqual(
      described(hostOf({ '5': 'model' })).route.statements,
    );
  });

  it.each<[string, Said, Said, boolean]>([
    ['says something for the first time', {}, { '5': 'a' }, true],
    ['says more', { '5': 'a' }, { '5': 'a', '6': 'b' }, true],
    ['says something else', { '5': 'a' }, { '5': 'b' }, false],
    ['takes something back', { '5': 'a', '6': 'b' }, { '5': 'a' }, false],
    ['falls silent', { '5': 'a' }, {}, false],
  ])(
    'decides whether it is served under the old certificate when it %s',
    (_, before, after, is) => {
      expect(meanwhile(hostOf(before), hostOf(after))).toHaveLength(is ? 1 : 0);
    },
  );
});

describe('how a workload runs', () => {
  const strict = hostOf({}, { spec: '1'.repeat(64) });
  const former = strict.upstream;
  const loose = hostOf({}, { spec: '2'.repeat(64), upstream: 'http://127.0.0.1:8001' });

  it('is part of what a connection was proved with, although no certificate says it', () => {
    const proof = described(strict).route;
    expect(routeForConnection(proof, proof)).toEqual({ route: proof, leaving: false });
    expect(routeForConnection(described(loose).route, proof)).toBeUndefined();
    expect(described(loose).spec.fingerprint).not.toBe(described(strict).spec.fingerprint);
  });

  it('does not change under a certificate that was made before', () => {
    expect(meanwhile(strict, loose)).toEqual([]);
    const [host] = meanwhile(strict, { ...loose, retiring: former });
    expect(host?.route.upstream).toMatchObject({ port: 8_000 });
  });
});

describe('the route by which a workload is configured', () => {
  it('comes with the state', () => {
    expect(described(hostOf({}, { configure: CONFIGURE })).route.configure).toEqual({
      ...CONFIGURE,
      upstream: { kind: 'unix', path: '/run/proofgate/gate/0123456789abcdef.sock' },
    });
    expect(described(hostOf({})).route.configure).toBeUndefined();
  });

  it('shuts at once, while the host waits for another certificate', () => {
    const shut = { ...CONFIGURE, open: false };
    const [host] = meanwhile(
      hostOf({}, { configure: CONFIGURE }),
      hostOf({ '5': 'a' }, { configure: shut, upstream: 'http://127.0.0.1:8001' }),
    );
    expect(host?.route.configure?.open).toBe(false);
    expect(host?.route.upstream).toMatchObject({ port: 8_000 });
  });

  it.each<[string, object, 'http' | 'tcp']>([
    ['a method in lower case', { method: 'post' }, 'http'],
    ['a relative path', { path: 'configure' }, 'http'],
    ['a path with a query', { path: '/configure?x' }, 'http'],
    ['a destination that is not ours', { upstream: 'http://127.0.0.1:80' }, 'http'],
    ['a socket without a path', { upstream: 'unix:' }, 'http'],
    ['no word on whether it is open', { open: undefined }, 'http'],
    ['a mode without requests', {}, 'tcp'],
  ])('with %s is refused', (_, change, mode) => {
    const upstream = mode === 'tcp' ? '127.0.0.1:8000' : 'http://127.0.0.1:8000';
    const state = (configure: object): unknown => ({
      ...stateOf(hostOf({}, { mode, upstream })),
      hosts: [{ ...hostOf({}, { mode, upstream }), configure }],
    });
    expect(gatewayStateSchema.safeParse(state({ ...CONFIGURE, ...change })).success).toBe(false);
    expect(gatewayStateSchema.safeParse(state(CONFIGURE)).success).toBe(mode === 'http');
  });
});
