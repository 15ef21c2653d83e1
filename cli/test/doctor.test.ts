// SPDX-License-Identifier: Apache-2.0
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ConfigfsReports } from '@proofgate/attester';
import { createSimulatedPlatform, serveCollateral } from '@proofgate/simulator';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkClock } from '../src/doctor/check-clock.ts';
import { checkNode } from '../src/doctor/check-node.ts';
import { checkPlatform } from '../src/doctor/check-platform.ts';
import type { DoctorCheck } from '../src/doctor/check.ts';
import { NOW, proofgate, proofgateOk, proofgateWith, type Outcome } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const directory = testDirectory();

interface Diagnosis {
  readonly healthy: boolean;
  readonly checks: readonly DoctorCheck[];
}

const diagnosisOf = ({ out }: Outcome): Diagnosis => JSON.parse(out) as Diagnosis;
const checkNamed = (outcome: Outcome, name: string): unknown =>
  diagnosisOf(outcome).checks.find((check) => check.name === name);

describe('Node.js', () => {
  it.for([
    ['20.20.2', '2026-04-29', 'healthy'],
    ['20.20.2', '2026-04-30', 'warning'],
    ['22.1.0', '2026-11-20', 'healthy'],
    ['24.1.0', '2026-11-20', 'healthy'],
    ['23.0.0', '2026-11-20', 'warning'],
    ['18.0.0', '2026-11-20', 'warning'],
    ['28.0.0', '2027-11-20', 'healthy'],
  ] as const)('%s on %s is %s', ([version, date, result]) => {
    expect(checkNode(version, new Date(date)).result).toBe(result);
  });
});

describe('the clock', () => {
  const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

  it.for([
    ['1970-01-01', 'DOCTOR_CLOCK_IMPLAUSIBLE'],
    ['2026-10-31', 'DOCTOR_CLOCK_IMPLAUSIBLE'],
    ['2026-11-01', undefined],
    ['2049-12-31T23:59:59Z', undefined],
    ['2050-01-01', 'DOCTOR_CLOCK_IMPLAUSIBLE'],
  ])('of %s', ([date, code]) => {
    const check = checkClock(new Date(date!), undefined);
    expect('code' in check ? check.code : undefined).toBe(code);
  });

  it.for([
    [300, undefined],
    [301, 'DOCTOR_CLOCK_SKEW'],
    [-300, undefined],
    [-301, 'DOCTOR_CLOCK_SKEW'],
  ] as const)('%i s away from a service', ([seconds, code]) => {
    const check = checkClock(later(seconds), NOW);
    expect('code' in check ? check.code : undefined).toBe(code);
    expect(check.text).toContain(seconds < 0 ? 'behind' : 'ahead of');
  });
});

/** A kernel whose configfs-tsm names this provider, or fails like this. */
function kernel(provider: string): ConfigfsReports {
  return {
    create: async () => {
      if (/^E[A-Z]+$/u.test(provider)) throw Object.assign(new Error(provider), { code: provider });
      return {
        read: async () => Buffer.from(`${provider}\n`),
        write: async () => undefined,
        remove: async () => undefined,
      };
    },
  };
}

describe('the TEE', () => {
  const look = (provider: string, required: boolean) =>
    checkPlatform({ options: { tee: 'auto', runDir: '', reports: kernel(provider) }, required });

  it('is found, and its missing register as well', async () => {
    expect(await look('tdx_guest', true)).toMatchObject([
      { name: 'tee', result: 'healthy', text: expect.stringContaining('tdx') as string },
      { name: 'rtmr3', result: 'finding', code: 'ERR_ATTESTER_RTMR_UNAVAILABLE' },
    ]);
    expect(await look('sev_guest', true)).toMatchObject([
      { result: 'healthy' },
      { name: 'rtmr3', result: 'skipped' },
    ]);
  });

  it('may be missing on a client, but not where a config file asks for one', async () => {
    expect(await look('ENOENT', false)).toMatchObject([{ name: 'tee', result: 'skipped' }]);
    expect(await look('ENOENT', true)).toMatchObject([
      { name: 'tee', result: 'finding', code: 'ERR_ATTESTER_NO_TEE' },
    ]);
  });

  it('that exists and cannot be used is a finding for everybody', async () => {
    expect(await look('EACCES', false)).toMatchObject([
      { name: 'tee', result: 'finding', code: 'ERR_ATTESTER_PERMISSION' },
    ]);
  });
});

describe('a VM', () => {
  const pki = directory.file('pki');

  function config(platform: object = {}): string {
    return directory.write(
      'proofgate.yaml',
      JSON.stringify({
        version: '1',
        platform: {
          machine_name: 'prod1',
          hostname: 'example.com',
          tee: 'simulated',
          ca_cert: join(pki, 'intermediary.pem'),
          ca_key: join(pki, 'intermediary.key'),
          ...platform,
        },
        routes: [{ hostname: 'a.prod1.example.com', upstream: 'http://127.0.0.1:9000' }],
      }),
    );
  }

  beforeAll(async () => {
    await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
    await proofgateOk('ca', 'intermediary', '--dir', pki, '--domain', 'prod1.example.com');
  });

  it('is healthy with a CA that can issue, and says that it is simulated', async () => {
    const outcome = await proofgate('doctor', '-c', config(), '--json');
    expect(outcome).toMatchObject({ exitCode: 0, err: '' });
    expect(diagnosisOf(outcome).healthy).toBe(true);
    expect(checkNamed(outcome, 'ca')).toMatchObject({ result: 'healthy' });
    expect(checkNamed(outcome, 'tee')).toMatchObject({
      result: 'skipped',
      text: expect.stringContaining('SIMULATED') as string,
    });
  });

  it.for<[code: string, change: () => object]>([
    ['ERR_CLI_FILE', () => ({ ca_key: '/nothing/here' })],
    ['ERR_CA_KEY_MISMATCH', () => ({ ca_key: join(pki, 'root.key') })],
    [
      'ERR_DAEMON_FILE_NOT_PRIVATE',
      () => {
        const exposed = directory.write('exposed.key', 'x');
        chmodSync(exposed, 0o640);
        return { ca_key: exposed };
      },
    ],
  ])('has a finding: %s', async ([code, change]) => {
    const outcome = await proofgate('doctor', '-c', config(change()), '--json');
    expect(outcome.exitCode).toBe(10);
    expect(checkNamed(outcome, 'ca')).toMatchObject({ result: 'finding', code });
  });

  it('whose CA has run out', async () => {
    const now = new Date(NOW.getTime() + 366 * 86_400_000);
    const outcome = await proofgateWith({ now }, 'doctor', '-c', config(), '--json');
    expect(checkNamed(outcome, 'ca')).toMatchObject({ code: 'ERR_CA_EXPIRED' });
  });

  it('needs a config file that can be read', async () => {
    const outcome = await proofgate('doctor', '-c', '/nothing/here');
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
  });
});

describe('collateral', () => {
  it('is said not to have been asked for without a service', async () => {
    const { exitCode, out } = await proofgate('doctor');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^- +collateral +no service was asked: name one with --collateral$/mu);
  });

  const platform = createSimulatedPlatform({ at: NOW });
  const ask = async (now: Date, fmspc: string, ...more: string[]): Promise<Outcome> => {
    const service = await serveCollateral({ platform, port: 0 });
    try {
      const args = ['--collateral', service.url, '--fmspc', fmspc, ...more];
      return await proofgateWith({ now }, 'doctor', ...args);
    } finally {
      await service.close();
    }
  };
  const days = (count: number): Date => new Date(NOW.getTime() + count * 86_400_000);

  it('is reported with its age', async () => {
    expect(checkNamed(await ask(days(3), platform.fmspc, '--json'), 'collateral')).toMatchObject({
      result: 'healthy',
      text: expect.stringMatching(
        /evaluation \d+, issued 3 d ago, good until 2026-12-20/,
      ) as string,
    });
  });

  it('that has run out is a finding', async () => {
    const outcome = await ask(days(31), platform.fmspc, '--json');
    expect(outcome.exitCode).toBe(10);
    expect(checkNamed(outcome, 'collateral')).toMatchObject({ code: 'DOCTOR_COLLATERAL_STALE' });
  });

  it('shows a clock that is wrong', async () => {
    // The service's answer carries the real time, which is nowhere near.
    const outcome = await ask(new Date('2040-01-01'), platform.fmspc, '--json');
    expect(checkNamed(outcome, 'clock')).toMatchObject({ code: 'DOCTOR_CLOCK_SKEW' });
  });

  it('for another platform, or from nobody, is a finding with a remedy', async () => {
    const unknown = await ask(NOW, '00806f050000', '--json');
    const code = 'ERR_COLLATERAL_UNAVAILABLE';
    expect(checkNamed(unknown, 'collateral')).toMatchObject({ result: 'finding', code });
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    // Sound: a server that listens on a port has an AddressInfo.
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const url = `http://127.0.0.1:${String(port)}`;
    const nobody = await proofgate('doctor', '--collateral', url);
    expect(nobody.exitCode).toBe(10);
    expect(nobody.out).toMatch(/^FINDING +collateral/mu);
    expect(nobody.out).toContain(code);
    expect(nobody.err).toContain(`asking ${url} …`);
  });
});

it('never recommends to look away', async () => {
  const outcomes = [
    await checkPlatform({
      options: { tee: 'tdx', runDir: '', reports: kernel('EACCES') },
      required: true,
    }),
    diagnosisOf(await proofgateWith({ now: new Date(0) }, 'doctor', '--json')).checks,
  ].flat();
  const actions = outcomes.flatMap((check) => ('action' in check ? [check.action] : []));
  expect(actions.length).toBeGreaterThan(1);
  for (const action of actions) {
    expect(action).not.toMatch(/disable|turn off|skip|ignore|insecure|allow|--no-|simulated/i);
  }
});
