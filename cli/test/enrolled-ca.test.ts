// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { vmConfigSchema, type EnrolmentSettings, type PlatformConfig } from '@proofgate/api';
import { loadIssuer } from '@proofgate/ca';
import { createLogger, waitFor } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { afterEach, describe, expect, it } from 'vitest';
import { keepEnrolled } from '../src/service/enrolled-ca.ts';
import { isInMemory } from '../src/service/memory-file-system.ts';
import { runDirectory, startCa, writeCaConfig, type RunningCa } from './support/ca-service.ts';
import { proofgateOk } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const DAY_MS = 86_400_000;
const MRTD = 'ab'.repeat(48);
const WITHIN = { timeoutMs: 20_000, intervalMs: 20 };
const directory = testDirectory();
const closers: (() => Promise<unknown>)[] = [];

const endAll = async (): Promise<void> => {
  for (const close of closers.splice(0).toReversed()) await close();
};
afterEach(endAll);

/** A machine with files of its own. */
interface Machine {
  readonly ca: RunningCa;
  platform: PlatformConfig;
  settings: EnrolmentSettings;
  readonly log: string[];
  /** Starts it so many days from now; it waits at most for as long as the test does. */
  start(days?: number): Promise<{ stop(): Promise<void> }>;
}

async function makeMachine(
  name: string,
  key: EnrolmentSettings['key'],
  service: object = {},
): Promise<Machine> {
  const pki = directory.file(name, 'pki');
  await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
  const run_dir = await runDirectory(directory);
  const ca = await startCa(writeCaConfig(directory, pki, service));
  const { platform } = vmConfigSchema.parse({
    version: '1',
    platform: {
      hostname: 'prod1.example.com',
      tee: 'simulated',
      ca: { enrol: `https://localhost:${String(ca.port)}`, root: join(pki, 'root.pem'), key },
      data_dir: directory.file(name, 'data'),
      run_dir,
    },
    routes: [],
  });
  const settings = platform.ca;
  if (settings === undefined) throw new Error('the configuration has a CA');
  const log: string[] = [];
  const logger = createLogger({
    name: 'test',
    destination: { write: (line) => void log.push(line) },
  });
  const machine: Machine = {
    ...{ ca, settings, log, platform },
    start: async (days = 0) => {
      const end = new AbortController();
      closers.push(() => Promise.resolve(end.abort(new Error('the test has ended'))));
      const clock = (): Date => new Date(Date.now() + days * DAY_MS);
      const { signal } = end;
      const { renewal } = await keepEnrolled({
        ...{ platform: machine.platform, settings: machine.settings, logger, clock, signal },
      });
      const stop = async (): Promise<void> => {
        end.abort();
        await renewal;
      };
      closers.push(stop);
      return { stop };
    },
  };
  return machine;
}

/** The serial number of the intermediary on disk, whose key has to be there too. */
function serialOf({ platform }: Machine): string {
  const { certificate } = loadIssuer({
    certificatePem: readFileSync(platform.ca_cert, 'utf8'),
    privateKeyPem: readFileSync(platform.ca_key, 'utf8'),
    at: new Date(),
  });
  return toHex(certificate.serialNumber);
}

const keysOf = ({ platform }: Machine): string[] =>
  readdirSync(join(platform.data_dir, 'ca')).filter((file) => !file.endsWith('.pem'));

describe('an enrolled machine', () => {
  it('has a key for its certificate when it was killed while it renewed', async () => {
    const machine = await makeMachine('killed', 'file');
    const { stop } = await machine.start();
    await stop();
    const serial = serialOf(machine);

    // The name is as long as names may be: there is no room for that of the file which would replace it.
    const { ca_cert: written } = machine.platform;
    const unwritable = join(written, '..', `${'x'.repeat(246)}.pem`);
    renameSync(written, unwritable);
    machine.platform = { ...machine.platform, ca_cert: unwritable };
    const renewing = await machine.start(25);
    await waitFor(() => machine.log.some((line) => line.includes('cannot renew')), WITHIN);
    await renewing.stop();
    await machine.ca.stop();
    expect(keysOf(machine).length).toBeGreaterThan(1);

    await machine.start();
    expect(serialOf(machine)).toBe(serial);
    expect(keysOf(machine)).toEqual([`intermediary-${serial}.key`]);
  }, 60_000);

  it('starts with one that is due for renewal, and renews it beside its work', async () => {
    const machine = await makeMachine('due', 'sealed');
    const { stop } = await machine.start();
    await stop();
    const serial = serialOf(machine);
    const renewing = await machine.start(25);
    const isDone = (): boolean =>
      machine.log.filter((line) => line.includes('enrolled')).length > 1;
    await waitFor(isDone, WITHIN);
    await waitFor(() => keysOf(machine).length === 1, WITHIN);
    const renewed = serialOf(machine);
    expect(renewed).not.toBe(serial);
    expect(keysOf(machine)).toEqual([`intermediary-${renewed}.sealed`]);
    await renewing.stop();

    await machine.ca.stop();
    await machine.start(25);
    expect(serialOf(machine)).toBe(renewed);
    await waitFor(() => machine.log.some((line) => line.includes('cannot renew')), WITHIN);
  }, 60_000);

  it('enrols anew when the settings name another host or another CA', async () => {
    const machine = await makeMachine('moved', 'file');
    await (await machine.start()).stop();
    const serial = serialOf(machine);
    await (await machine.start()).stop();
    expect(serialOf(machine)).toBe(serial);

    machine.settings = { ...machine.settings, host: 'prod3.example.com' };
    await (await machine.start()).stop();
    const moved = serialOf(machine);
    expect(moved).not.toBe(serial);

    const other = directory.file('other-ca');
    await proofgateOk('ca', 'init', '--out', other, '--no-passphrase');
    machine.settings = { ...machine.settings, root: join(other, 'root.pem') };
    const waiting = machine.start();
    await waitFor(() => machine.log.some((line) => line.includes('another CA')), WITHIN);
    await waitFor(() => machine.log.some((line) => line.includes('cannot enrol')), WITHIN);
    await endAll();
    await expect(waiting).rejects.toThrow('aborted');
  }, 60_000);

  it('demands of the CA what its policy says, before it sends anything', async () => {
    const service = { tee: 'simulated', run_dir: directory.path };
    const machine = await makeMachine('judging', 'file', service);
    const policy = directory.file('machines.json');
    machine.settings = { ...machine.settings, policy };
    await (await machine.start()).stop();
    const serial = serialOf(machine);

    const text = readFileSync(policy, 'utf8').replace(/"mrtd":"[0-9a-f]*"/u, `"mrtd":"${MRTD}"`);
    machine.settings = { ...machine.settings, policy: directory.write('others.json', text) };
    const renewing = await machine.start(25);
    await waitFor(() => machine.log.some((line) => line.includes('cannot renew')), WITHIN);
    await renewing.stop();
    expect(machine.log.join('')).toContain('ERR_CA_SERVICE_REFUSED');
    expect(serialOf(machine)).toBe(serial);
  }, 60_000);

  it('says when its key is written to a disk', async () => {
    const machine = await makeMachine('memory', 'memory');
    const warnings = (): unknown[] => machine.log.filter((line) => line.includes('to a disk'));
    await (await machine.start()).stop();
    const ordinary = await isInMemory(join(machine.platform.ca_key, '..'));
    expect(warnings()).toHaveLength(ordinary ? 0 : 1);

    const memory = mkdtempSync('/dev/shm/proofgate-');
    closers.push(() => Promise.resolve(rmSync(memory, { recursive: true })));
    machine.platform = { ...machine.platform, ca_key: join(memory, 'intermediary.key') };
    machine.log.length = 0;
    await (await machine.start()).stop();
    expect(warnings()).toEqual([]);
    expect(await isInMemory('/proc')).toBe(false);
  }, 60_000);
});
