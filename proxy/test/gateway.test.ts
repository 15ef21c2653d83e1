// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { GatewayHost, GatewayState, RouteConfig } from '@proofgate/api';
import { vmConfigSchema } from '@proofgate/api';
import { OID, toBase64, toHex, utf8, workloadsHash, type RuntimeEvent } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../src/identity/mint-identity.ts';
import type { IdentitySpec } from '../src/identity/identity-spec.ts';
import type { Snapshot } from '../src/ipc/snapshot.ts';
import { Gateway } from '../src/primary/gateway.ts';
import { desiredHosts, type OwnHosts } from '../src/primary/gateway-hosts.ts';
import { PROXY_RUNTIME_VERSION } from '../src/primary/proxy-version.ts';
import { NO_CLIENTS } from './test-clients.ts';

const APP = 'app.example.com';
const LIMITS = vmConfigSchema.parse({
  version: '1',
  platform: { ca_cert: 'a', ca_key: 'b' },
}).platform.limits;

const ROUTE: RouteConfig = {
  hostname: 'own.example.com',
  mode: 'http',
  upstream: 'http://127.0.0.1:9000',
  attestation: 'certificate',
  limits: { body_bytes: 7 },
  clients: 'none',
};

function own(more: Partial<OwnHosts> = {}): OwnHosts {
  return {
    routes: [],
    limits: LIMITS,
    caCertFile: utf8('ca'),
    clients: NO_CLIENTS,
    attestationServers: [],
    imageProfile: undefined,
    ccel: undefined,
    awaitLauncher: false,
    ...more,
  };
}

const LOADED: RuntimeEvent = {
  type: 'proofgate.workload.load',
  name: 'app',
  image_ref: 'example.com/app',
  image_digest: '11'.repeat(32),
  config_root: '22'.repeat(32),
  spec_digest: '33'.repeat(32),
};

function host(more: Partial<GatewayHost> = {}): GatewayHost {
  return {
    hostname: APP,
    mode: 'http',
    upstream: 'http://127.0.0.1:8000',
    attestation: 'certificate',
    extensions: [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(1)) }],
    ...more,
  };
}

function state(
  revision: number,
  hosts: readonly GatewayHost[],
  eventLog: RuntimeEvent[] = [],
): GatewayState {
  const platform = { tee: 'tdx', simulated: true, runtimeVersion: 'launcher/1' } as const;
  return { version: 1, revision, bootId: 'b', platform, eventLog, hosts };
}

describe('the hosts that should be served', () => {
  it('are those of the file, described by what the proxy knows', () => {
    const [only] = desiredHosts(own({ routes: [ROUTE] }), undefined);
    expect(only?.route).toMatchObject({
      hostname: 'own.example.com',
      upstream: { kind: 'tcp', host: '127.0.0.1', port: 9_000 },
      workload: '',
      limits: { bodyBytes: 7, idleTimeoutMs: LIMITS.idle_timeout },
    });
    expect(only?.spec.eventLog).toEqual([]);
  });

  it('say which workloads run, when a launcher has told', () => {
    const [, route] = desiredHosts(own({ routes: [ROUTE] }), state(0, [host()], [LOADED]));
    const value = route?.spec.extensions.find(({ oid }) => oid === OID.workloadsHash)?.value;
    const workload = { name: 'app', imageDigest: new Uint8Array(32).fill(0x11) };
    expect(toHex(value!)).toBe(toHex(workloadsHash([workload])));
    expect(route?.spec.eventLog).toEqual([LOADED]);
  });

  it('wait for the launcher when the file names workloads', () => {
    const waiting = own({ routes: [ROUTE], awaitLauncher: true });
    expect(desiredHosts(waiting, undefined)).toEqual([]);
    expect(desiredHosts(waiting, state(0, []))).toHaveLength(1);
  });

  it('are those of the file where it leads, with what the launcher says about them', () => {
    const extensions = [{ oid: OID.runtimeVersionHash, value: toBase64(new Uint8Array(32)) }];
    const pushed = host({ hostname: ROUTE.hostname, attestation: 'session', extensions });
    const changes = [
      { upstream: 'http://127.0.0.1:9001' },
      { mode: 'tcp', upstream: '127.0.0.1:9001' },
    ] as const;
    for (const change of changes) {
      const routes = [{ ...ROUTE, ...change }];
      const [only, ...others] = desiredHosts(own({ routes }), state(0, [pushed]));
      expect(others).toEqual([]);
      expect(only?.route).toMatchObject({ upstream: { port: 9_001 }, limits: { bodyBytes: 7 } });
      expect(only?.spec.attestation).toBe(ROUTE.attestation);
      expect(only?.spec.extensions).toEqual([
        { oid: OID.runtimeVersionHash, value: new Uint8Array(32) },
      ]);
    }
  });

  it('are not the routes of a launcher that the file does not have', () => {
    const removed = host({ hostname: ROUTE.hostname, extensions: [] });
    const served = desiredHosts(own(), state(0, [host(), removed]));
    expect(served.map(({ route }) => route.hostname)).toEqual([APP]);
  });

  it.each([
    ['a workload', OID.imageDigest],
    ['the platform', OID.platformRoot],
  ])('are refused when a route has the name of %s', (_case, oid) => {
    const extensions = [{ oid, value: toBase64(new Uint8Array(32)) }];
    const launched = host({ hostname: ROUTE.hostname, upstream: ROUTE.upstream, extensions });
    expect(desiredHosts(own(), state(0, [launched]))).toHaveLength(1);
    expect(() => desiredHosts(own({ routes: [ROUTE] }), state(0, [launched]))).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_HOST_CONFLICT' }),
    );
  });

  it('take the long idle time of tcp routes', () => {
    const tcp = { ...ROUTE, mode: 'tcp', upstream: '127.0.0.1:1' } as const;
    const [only] = desiredHosts(own({ routes: [tcp] }), undefined);
    expect(only?.route.limits.idleTimeoutMs).toBe(LIMITS.tcp_idle_timeout);
  });
});

/** A gateway whose identities a test makes. */
function setup(save: () => Promise<void> = () => Promise.resolve()): {
  gateway: Gateway;
  contradicted: Set<string>;
  identities: Map<string, Identity>;
  make: (specOf: string) => void;
  last: () => Snapshot | undefined;
} {
  const identities = new Map<string, Identity>();
  const contradicted = new Set<string>();
  let specs: readonly IdentitySpec[] = [];
  let last: Snapshot | undefined;
  let serial = 0;
  const gateway = new Gateway({
    applied: () => Promise.resolve(),
    peerKey: () => ({ kid: '', privateKey: '' }),
    own: own(),
    state: undefined,
    keeper: {
      update: (wanted) => (specs = wanted),
      find: (hostname) => identities.get(hostname),
      renewalOf: () => undefined,
      isContradicted: (hostname) => contradicted.has(hostname),
    },
    publish: (snapshot) => (last = snapshot),
    save,
  });
  const make = (hostname: string): void => {
    serial += 1;
    const spec = specs.find((candidate) => candidate.hostname === hostname)!;
    identities.set(hostname, {
      id: String(serial),
      spec,
      privateKey: '',
      chainPem: '',
      spki: new Uint8Array(),
      spkiSha256: '',
      caSpkiSha256: '',
      notBefore: new Date(0),
      notAfter: new Date(1),
      document: new Uint8Array(),
    });
    gateway.refresh();
  };
  return { gateway, contradicted, identities, make, last: () => last };
}

describe('snapshots', () => {
  it('contain a host from its first identity on', async () => {
    const { gateway, make, last } = setup();
    await gateway.applyState(state(0, [host()]));
    expect(last()?.hosts).toEqual([]);
    expect(gateway.complete).toBe(false);
    make(APP);
    expect(last()?.hosts).toMatchObject([{ route: { hostname: APP }, identity: { id: '1' } }]);
    expect(gateway.complete).toBe(true);
  });

  it('send traffic elsewhere at once when the certificate says the same', async () => {
    const { gateway, make, last } = setup();
    await gateway.applyState(state(0, [host()]));
    make(APP);
    await gateway.applyState(state(1, [host({ upstream: 'http://127.0.0.1:8001' })]));
    expect(last()?.hosts).toMatchObject([
      { route: { upstream: { port: 8_001 } }, identity: { id: '1' } },
    ]);
  });

  it('keep the old destination under the old proof until there is a new proof', async () => {
    const { gateway, make, last } = setup();
    await gateway.applyState(state(0, [host()]));
    make(APP);
    await gateway.applyState(state(1, [host({ upstream: 'http://127.0.0.1:8001' })], [LOADED]));
    expect(last()?.hosts).toMatchObject([
      { route: { upstream: { port: 8_000 } }, identity: { id: '1' } },
    ]);
    expect(gateway.complete).toBe(false);
    make(APP);
    expect(last()?.hosts).toMatchObject([
      { route: { upstream: { port: 8_001 } }, identity: { id: '2' } },
    ]);
    expect(gateway.complete).toBe(true);
  });

  it('do not serve a changed workload under the proof of the old one', async () => {
    const { gateway, make, last } = setup();
    await gateway.applyState(state(0, [host()]));
    make(APP);
    const before = last()?.hosts[0]?.route.workload;
    const extensions = [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(2)) }];
    await gateway.applyState(state(1, [host({ extensions })]));
    expect(last()?.hosts).toEqual([]);
    gateway.refresh();
    expect(last()?.hosts).toEqual([]);
    make(APP);
    expect(last()?.hosts).toMatchObject([{ identity: { id: '2' } }]);
    expect(last()?.hosts[0]?.route.workload).not.toBe(before);
  });

  it('tell which are still served by what is to retire', async () => {
    const { gateway, make } = setup();
    const [first, second] = [host(), host({ upstream: 'http://127.0.0.1:8001' })];
    await gateway.applyState(state(0, [first]));
    make(APP);
    const change = [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(2)) }];
    const retiring = first.upstream;
    await gateway.applyState(state(1, [{ ...second, extensions: change, retiring }]));
    expect(gateway.summary()).toMatchObject({ revision: 1, pending: [APP], retiring: [APP] });
    // The launcher may change its mind: then nobody is sent to the other one, and none has to be waited for.
    await gateway.applyState(state(2, [{ ...first, retiring: second.upstream }]));
    expect(gateway.summary().retiring).toBeUndefined();
    await gateway.applyState(state(3, [{ ...second, extensions: change, retiring }]));
    make(APP);
    expect(gateway.summary().retiring).toBeUndefined();
  });

  it('are not all there is while what a host is to say is contradicted', async () => {
    const { gateway, contradicted, make } = setup();
    await gateway.applyState(state(0, [host()]));
    make(APP);
    expect(gateway.complete).toBe(true);
    contradicted.add(APP);
    expect(gateway.complete).toBe(false);
  });

  it('contain the routes of a file that was replaced while a state was being saved', async () => {
    const { gateway } = setup(() => {
      gateway.replaceOwn(own({ routes: [ROUTE] }));
      return Promise.resolve();
    });
    await gateway.applyState(state(0, [host()]));
    expect(gateway.summary().hosts).toEqual([APP, ROUTE.hostname]);
  });

  it('lose a host whose identity has expired, and one that is gone', async () => {
    const { gateway, identities, make, last } = setup();
    await gateway.applyState(state(0, [host(), host({ hostname: 'b.example.com' })]));
    make(APP);
    make('b.example.com');
    expect(last()?.hosts).toHaveLength(2);
    identities.delete(APP);
    gateway.refresh();
    expect(last()?.hosts).toMatchObject([{ route: { hostname: 'b.example.com' } }]);
    await gateway.applyState(state(1, []));
    expect(last()?.hosts).toEqual([]);
  });

  it('have growing versions', async () => {
    const { gateway, last } = setup();
    await gateway.applyState(state(0, []));
    const before = last()!.version;
    gateway.refresh();
    expect(last()!.version).toBeGreaterThan(before);
  });
});

describe('the version that is shown', () => {
  it('is that of the package', async () => {
    const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    expect(PROXY_RUNTIME_VERSION).toBe(`proofgate-proxy/${version}`);
  });
});
