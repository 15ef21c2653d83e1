// SPDX-License-Identifier: Apache-2.0
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { proofgateWith, type Outcome } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import { containerStatus, ManagedVm, problem } from './support/managed-vm.ts';
import { startSimulatedHost, type SimulatedHost } from './support/simulated-host.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const directory = testDirectory();
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl';

let vm: ManagedVm;
let host: SimulatedHost;
let trust: string[];

beforeAll(async () => {
  vm = new ManagedVm();
  host = await startSimulatedHost({ app: (...args) => void vm.listener(...args) });
  const policy = {
    version: 1,
    name: 'this VM',
    tee: 'tdx',
    roots: [`sha256:${host.platform.rootSha256}`],
    freshness: { mode: 'certificate', maxAge: 'PT24H' },
  };
  trust = [
    ...['--ca', directory.write('ca.pem', host.rootPem)],
    ...['--collateral', directory.write('bundle.json', JSON.stringify(host.platform.collateral()))],
    ...['--policy', directory.write('policy.json', JSON.stringify(policy))],
  ];
});

beforeEach(() => {
  vm.requests.length = 0;
  vm.problem = undefined;
  vm.status = [[containerStatus('web')]];
});

afterAll(() => host.close());

const url = (): string => `https://${host.address}`;
const withToken = (...args: string[]): Promise<Outcome> =>
  proofgateWith({ env: { PROOFGATE_TOKEN: TOKEN } }, ...args);

describe('a VM at a URL', () => {
  it('gets the token once it has proved what it is', async () => {
    const { exitCode, out } = await withToken('ps', '--url', url(), ...trust);
    expect(exitCode).toBe(0);
    expect(out).toContain('web');
    expect(vm.requests).toHaveLength(1);
    expect(vm.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(vm.requests[0]?.headers.host).toBe(host.address);
  });

  it('is verified once for all requests of a command', async () => {
    const file = directory.write(
      'job.yaml',
      'name: web\nruntime: process\ncommand: [/bin/true]\nport: 1\n',
    );
    vm.status = [[containerStatus('web', { status: 'starting' })], [containerStatus('web')]];
    const { exitCode, err } = await withToken('load', '-f', file, '--url', url(), ...trust);
    expect({ exitCode, lines: err.split('\n') }).toEqual({
      exitCode: 0,
      lines: ['web: starting', 'web: healthy'],
    });
    expect(vm.requests.map(({ line }) => line)).toEqual([
      'POST /api/v1/containers',
      'GET /api/v1/status',
      'GET /api/v1/status',
    ]);
  });

  it('can be asked to prove the session', async () => {
    const args = ['ps', '--url', url(), ...trust, '--freshness', 'session'];
    expect((await withToken(...args)).exitCode).toBe(0);
  });

  it.for<[what: string, exitCode: number, code: string, change: () => string[]]>([
    [
      'evidence is not trusted',
      10,
      'ERR_CERT_ROOT_UNTRUSTED',
      () => [
        ...trust.slice(0, 4),
        '--policy',
        directory.write('intel.json', '{"version":1,"name":"x","tee":"tdx","roots":"intel"}'),
      ],
    ],
    [
      'certificate is of another PKI',
      10,
      'ERR_CERT',
      () => ['--ca', directory.write('other.pem', host.platformRootPem), ...trust.slice(2)],
    ],
    [
      'measurements are not in the policy',
      11,
      'ERR_POLICY_MEASUREMENT',
      () => {
        const policy = {
          version: 1,
          name: 'other',
          roots: [`sha256:${host.platform.rootSha256}`],
          measurements: { other: { mrtd: '00'.repeat(48) } },
        };
        return [
          ...trust.slice(0, 4),
          '--policy',
          directory.write('other.json', JSON.stringify(policy)),
        ];
      },
    ],
    [
      'collateral cannot be had',
      20,
      'ERR_COLLATERAL_UNAVAILABLE',
      () => [...trust.slice(0, 2), '--collateral', 'http://127.0.0.1:9', ...trust.slice(4)],
    ],
  ])('gets no token when its %s', async ([, exitCode, code, change]) => {
    for (const command of [['ps'], ['unload', 'web'], ['logs', 'web'], ['exec', 'web', 'id']]) {
      const outcome = await withToken(...command, '--url', url(), ...change());
      expect(outcome, outcome.err).toMatchObject({ exitCode, out: '' });
      expect(outcome.err).toContain(code);
    }
    expect(vm.requests).toEqual([]);
  });

  it('gets no token without a policy', async () => {
    const { exitCode, err } = await withToken('ps', '--url', url(), ...trust.slice(0, 4));
    expect(exitCode).toBe(2);
    expect(err).toContain('a token is sent only to a VM that satisfies a policy');
    expect(vm.requests).toEqual([]);
  });

  it('that is not there is unavailable', async () => {
    const { exitCode, err } = await withToken('ps', '--url', 'https://localhost:9', ...trust);
    expect(exitCode).toBe(20);
    expect(err).toContain('ERR_CONNECT_UNAVAILABLE');
  });

  it('that refuses the token says why', async () => {
    vm.problem = problem(401, 'ERR_LAUNCHER_TOKEN_INVALID', { detail: 'it has expired' });
    const { exitCode, err } = await withToken('ps', '--url', url(), ...trust);
    expect(exitCode).toBe(2);
    expect(err).toContain('it has expired');
    expect(err).not.toContain(TOKEN);
  });

  it.for([
    'http://x',
    'manager.example.com',
    'https://x/api',
    'https://x/?a=b',
    'https://u:p@x',
    'https://',
  ])('is not %s', async (address) => {
    expect((await withToken('ps', '--url', address, ...trust)).exitCode).toBe(2);
  });
});

describe('the token', () => {
  const ps = (env: Record<string, string>, ...args: string[]): Promise<Outcome> =>
    proofgateWith({ env }, 'ps', '--url', url(), ...trust, ...args);

  it('comes from a file that only its owner can read', async () => {
    const file = directory.write('token', `${TOKEN}\n`, 0o600);
    expect((await ps({}, '--token-file', file)).exitCode).toBe(0);
    expect(vm.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    chmodSync(file, 0o644);
    const { exitCode, err } = await ps({}, '--token-file', file);
    expect(exitCode).toBe(1);
    expect(err).toContain('ERR_DAEMON_FILE_NOT_PRIVATE');
    expect(vm.requests).toHaveLength(1);
  });

  it('is needed, and is no argument', async () => {
    const { exitCode, err } = await ps({});
    expect(exitCode).toBe(2);
    expect(err).toContain('use --token-file or the variable PROOFGATE_TOKEN');
    expect((await ps({}, '--token', TOKEN)).err).toContain("unknown option '--token'");
  });

  it.for(['', 'a b', 'a\r\nX-Evil: 1', 'ä'])('is a token: %j is not', async (token) => {
    const { exitCode, err } = await ps({ PROOFGATE_TOKEN: token });
    expect(exitCode).toBe(2);
    expect(err).toContain('characters that no token has');
    expect(vm.requests).toEqual([]);
  });
});
