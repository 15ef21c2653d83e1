// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vmConfigSchema, type HostPort } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { createLogger, waitFor } from '@proofgate/daemon';
import { checkWorkloadEvidence, encodePem, parseWorkloadEvidence, utf8 } from '@proofgate/evidence';
import { startLauncher, type RunningLauncher } from '@proofgate/launcher';
import { createSimulatedPlatform, servePlatform } from '@proofgate/simulator';
import { prepareCollateral, verifyQuote, type TdxClaims } from '@proofgate/verifier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APP_ID } from './support/oci-programs.ts';
import { OciRegistry } from './support/oci-registry.ts';
import { PERL, probe, PROBER, proberImage, type Probe } from './support/prober.ts';

/** Where clouds hand out credentials to whoever asks from inside the VM. */
const METADATA = { host: '169.254.169.254', port: 80 };
const NAMES = ['alpha', 'beta', 'plain'] as const;
const OWN_SOCKET = '/run/proofgate/workload.sock';

const directory = mkdtempSync(join(tmpdir(), 'isolation-'));
const runDir = mkdtempSync('/run/pg-');
const platform = createSimulatedPlatform({});
const cleanups: (() => unknown)[] = [];
const addresses = new Map<string, HostPort>();
let launcher: RunningLauncher;

async function listening(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  cleanups.push(() => server.close());
  return server;
}

beforeAll(async () => {
  cleanups.push(
    () => rmSync(directory, { recursive: true }),
    () => rmSync(runDir, { recursive: true }),
  );
  chmodSync(directory, 0o755);
  const service = await servePlatform({ platform, socketPath: join(runDir, 'simulator.sock') });
  cleanups.push(() => service.close());
  writeFileSync(join(directory, 'ca.pem'), encodePem('CERTIFICATE', platform.rootCertificate));
  writeFileSync(join(directory, 'prober.pl'), PROBER, { mode: 0o644 });
  const registry = await OciRegistry.listen();
  cleanups.push(() => registry.close());
  const image = registry.add('test/prober', proberImage());
  // What must be out of reach is really there.
  execFileSync('ip', ['address', 'add', `${METADATA.host}/32`, 'dev', 'lo']);
  cleanups.push(() => execFileSync('ip', ['address', 'del', `${METADATA.host}/32`, 'dev', 'lo']));
  await listening(METADATA.host, METADATA.port);
  await listening('0.0.0.0', 9_443);

  const box = (name: string, port: number): object => ({
    name,
    image,
    port,
    command: [PERL, '/prober.pl'],
    health_check: { tcp: `127.0.0.1:${String(port)}`, interval_seconds: 0.2 },
  });
  const config = vmConfigSchema.parse({
    version: '1',
    platform: {
      machine_name: 'm1',
      hostname: 'example.com',
      tee: 'simulated',
      runtime: 'containerd',
      ca_cert: join(directory, 'ca.pem'),
      ca_key: join(directory, 'ca.key'),
      data_dir: join(directory, 'data'),
      run_dir: runDir,
      image_profile_file: join(directory, 'image-profile'),
    },
    containers: [
      box('alpha', 8_000),
      box('beta', 8_001),
      {
        ...{ ...box('plain', 8_002), image: undefined, runtime: 'process' },
        command: [PERL, join(directory, 'prober.pl')],
      },
    ].map((entry) => JSON.parse(JSON.stringify(entry)) as object),
  });
  launcher = await startLauncher(config, {
    platform: await openPlatform({ tee: 'simulated', runDir }),
    logger: createLogger({ name: 'test', level: 'silent' }),
    own: { uid: 0, gid: 0 },
    cgroupParent: `/${process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test'}/isolation`,
  });
  cleanups.push(() => launcher.stop());
  const all = await waitFor(
    () => {
      const found = launcher.workloads();
      const failed = found.find(({ state }) => state === 'failed');
      if (failed !== undefined) throw new Error(JSON.stringify(failed));
      return found.every(({ state }) => state === 'healthy') ? found : undefined;
    },
    { timeoutMs: 45_000 },
  );
  for (const { name, address } of all) addresses.set(name, address!);
});

afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

function from(name: (typeof NAMES)[number], what: Probe): Promise<unknown> {
  return probe(addresses.get(name)!, what);
}

const identity = (socket: string): Probe => ({ kind: 'unix', socket, path: '/v1/identity' });

describe.each(['alpha', 'beta'] as const)('the container %s', (name) => {
  const other = name === 'alpha' ? 'beta' : 'alpha';

  test('knows who it is, by the socket that it has', async () => {
    expect(await from(name, identity(OWN_SOCKET))).toMatchObject({
      status: 200,
      body: { name, hostnames: [`${name}.m1.example.com`] },
    });
  });

  test('gets evidence that it is itself, and nobody else', async () => {
    const data = utf8(`nonce for ${name}`);
    const answer = await from(name, {
      kind: 'unix',
      socket: OWN_SOCKET,
      path: '/v1/evidence',
      body: { data: Buffer.from(data).toString('base64') },
    });
    const evidence = parseWorkloadEvidence((answer as { body: unknown }).body);
    const at = new Date();
    const root = { sha256: platform.rootSha256 };
    const collateral = await prepareCollateral(platform.collateral(), { at, root });
    const claims = (await verifyQuote(evidence.quote, collateral, { at })) as TdxClaims;
    const quote = { reportData: claims.reportData, rtmr3: claims.quote.body.rtmr[3] };
    const statement = { ...evidence.workload, data };
    expect(checkWorkloadEvidence(quote, statement, evidence.eventLog)).toMatchObject({ name });
    expect(() =>
      checkWorkloadEvidence(quote, { ...statement, name: other }, evidence.eventLog),
    ).toThrow();
  });

  test.each([
    'launcher.sock',
    'manager.sock',
    'proxy.sock',
    'simulator.sock',
    'containerd/containerd.sock',
    'workload/alpha.sock',
    'workload/beta.sock',
    'workload/plain.sock',
  ])('does not see %s of the launcher', async (socket) => {
    for (const path of [
      join(runDir, socket),
      join('/run/proofgate', socket),
      `/run/proofgate/../${socket}`,
      `/run/proofgate/../../${socket}`,
      `/proc/1/root${join(runDir, socket)}`,
    ]) {
      expect(await from(name, identity(path)), path).toBe('ENOENT');
    }
  });

  test('can neither change nor leave the directory of its socket', async () => {
    for (const what of [
      { kind: 'write', path: '/run/proofgate/x' },
      { kind: 'write', path: OWN_SOCKET },
      { kind: 'remove', path: OWN_SOCKET },
    ] as const) {
      expect(await from(name, what)).toMatch(/^(EROFS|EACCES|ENXIO)$/);
    }
    expect(await from(name, { kind: 'list', path: '/run/proofgate/..' })).toEqual(
      expect.not.arrayContaining(['launcher.sock', 'workload', 'gate']),
    );
  });

  test('sees no process but its own', async () => {
    const entries = (await from(name, { kind: 'list', path: '/proc' })) as string[];
    expect(entries.filter((entry) => /^\d+$/.test(entry)).length).toBeLessThanOrEqual(3);
  });

  test('reaches nothing over the network', async () => {
    const targets: HostPort[] = [
      METADATA,
      addresses.get(other)!,
      { ...addresses.get(other)!, port: 22 },
      // The VM itself: its own loopback, the other end of the cable, and whatever else it listens on.
      { host: '127.0.0.1', port: 9_443 },
      { host: '127.0.0.1', port: 8_002 },
      { host: peerOf(addresses.get(name)!.host), port: 9_443 },
      { host: peerOf(addresses.get(other)!.host), port: 9_443 },
      { host: METADATA.host, port: 9_443 },
    ];
    const results = await Promise.all(
      targets.map((target) => from(name, { kind: 'tcp', ...target })),
    );
    for (const [index, result] of results.entries()) {
      expect(result, JSON.stringify(targets[index])).toMatch(
        /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EPERM|EACCES|ETIMEDOUT)$/,
      );
    }
  });
});

describe('a process beside the containers', () => {
  test('reaches what the containers do not, so that it is there', async () => {
    for (const target of [METADATA, { host: '127.0.0.1', port: 9_443 }, addresses.get('beta')!]) {
      expect(await from('plain', { kind: 'tcp', ...target })).toBe('connected');
    }
  });

  test('knows who it is, by the directory that it inherits', async () => {
    expect(await from('plain', identity('/proc/self/fd/3/workload.sock'))).toMatchObject({
      status: 200,
      body: { name: 'plain' },
    });
  });

  test.each([
    'launcher.sock',
    'manager.sock',
    'proxy.sock',
    'simulator.sock',
    'containerd/containerd.sock',
    'workload/alpha.sock',
    'workload/beta.sock',
    'workload/plain.sock',
  ])('cannot use %s of the launcher', async (socket) => {
    for (const path of [join(runDir, socket), `/proc/self/fd/3/../../../${socket}`]) {
      expect(await from('plain', identity(path)), path).toBe('EACCES');
    }
  });

  test('cannot enter a container', async () => {
    const pids = launcher.workloads().flatMap(({ name, pid }) => (name === 'plain' ? [] : [pid]));
    expect(pids).toHaveLength(2);
    for (const pid of pids) {
      const path = `/proc/${String(pid)}/root${OWN_SOCKET}`;
      expect(await from('plain', identity(path))).toBe('EACCES');
    }
  });
});

test('containers with the same user are told apart all the same', async () => {
  const status = (pid: number): string =>
    execFileSync('cat', [`/proc/${String(pid)}/status`]).toString();
  for (const { name, pid } of launcher.workloads()) {
    if (name !== 'plain') expect(status(pid!)).toContain(`Uid:\t${String(APP_ID)}`);
  }
});

/** The VM's end of a container's link. */
function peerOf(host: string): string {
  const [last = '', ...rest] = host.split('.').toReversed();
  return [...rest.toReversed(), String(Number(last) - 1)].join('.');
}
