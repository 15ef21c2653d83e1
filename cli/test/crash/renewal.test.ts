// SPDX-License-Identifier: Apache-2.0
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vmConfigSchema, type EnrolmentSettings, type PlatformConfig } from '@proofgate/api';
import { loadIssuer } from '@proofgate/ca';
import { createLogger } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { expect, it } from 'vitest';
import { runKilledAt } from '../../../ca/test/crash/killed-process.ts';
import { keepEnrolled } from '../../src/service/enrolled-ca.ts';
import { runDirectory, startCa, writeCaConfig } from '../support/ca-service.ts';
import { proofgateOk } from '../support/command.ts';
import { testDirectory } from '../support/directory.ts';

const PROGRAM = fileURLToPath(new URL('renew.mjs', import.meta.url));
/** When a machine's intermediary, which is good for 30 days, is due. */
const DUE_DAYS = 25;
/** Processes at a time: as many as the smallest machine has cores. */
const PARALLEL = 2;
const NOBODY = 'https://localhost:1';
const logger = createLogger({ name: 'test', level: 'silent' });
const directory = testDirectory();

/** The platform of a machine with directories of its own; the first one's are copied where there is one. */
function machine(name: string, ca: EnrolmentSettings, like?: PlatformConfig): PlatformConfig {
  const dataDir = directory.file(name, 'data');
  const runDir = directory.file(name, 'run');
  if (like !== undefined) cpSync(join(like.data_dir, '..'), join(dataDir, '..'), COPY);
  const platform = { hostname: 'prod1.example.com', tee: 'simulated', ca };
  const config = { version: '1', platform, routes: [] };
  return {
    ...vmConfigSchema.parse(config).platform,
    data_dir: dataDir,
    run_dir: directory.path,
    ca_cert: join(dataDir, 'ca', 'intermediary.pem'),
    ca_key: join(runDir, 'ca', 'intermediary.key'),
  };
}

const COPY = { recursive: true } as const;

/** Starts it, and ends it when it has something to issue with. */
async function start(platform: PlatformConfig, settings: EnrolmentSettings): Promise<string> {
  const end = new AbortController();
  const clock = (): Date => new Date(Date.now() + DUE_DAYS * 86_400_000);
  const { renewal } = await keepEnrolled({
    ...{ platform, settings, logger, signal: end.signal },
    clock: settings.enrol === NOBODY ? clock : () => new Date(),
  });
  end.abort();
  await renewal;
  const { certificate } = loadIssuer({
    certificatePem: readFileSync(platform.ca_cert, 'utf8'),
    privateKeyPem: readFileSync(platform.ca_key, 'utf8'),
    at: clock(),
  });
  return toHex(certificate.serialNumber);
}

it('a machine that is killed while it renews can issue when it starts again, without its CA', async () => {
  const pki = directory.file('pki');
  await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
  await runDirectory(directory);
  const limits = { per_host_per_day: 1_000, rate: { burst: 1_000, per_minute: 1_000 } };
  const service = await startCa(writeCaConfig(directory, pki, limits));
  const enrol = `https://localhost:${String(service.port)}`;
  const settings: EnrolmentSettings = { enrol, root: join(pki, 'root.pem'), key: 'file' };
  const first = machine('first', settings);
  const serial = await start(first, settings);

  const kill = async (at: number): Promise<{ readonly steps: number; readonly kept: boolean }> => {
    const killed = machine(`killed-${String(at)}`, settings, first);
    const { steps, problem } = await runKilledAt(at, PROGRAM, [
      JSON.stringify(killed),
      String(DUE_DAYS),
    ]);
    expect(problem, `step ${String(at)}`).toBe('');
    const present = await start(killed, { ...settings, enrol: NOBODY });
    const keys = join(killed.data_dir, 'ca');
    expect(readdirSync(keys).toSorted()).toEqual([
      `intermediary-${present}.key`,
      'intermediary.pem',
    ]);
    expect(readdirSync(join(killed.ca_key, '..'))).toEqual(['intermediary.key']);
    rmSync(join(killed.data_dir, '..'), { recursive: true });
    return { steps, kept: present === serial };
  };
  const { steps, kept } = await kill(0);
  expect(kept).toBe(false);
  // All that a start does before it renews is the same every time, and changes nothing.
  const opening = await runKilledAt(0, PROGRAM, [JSON.stringify(first), '0']);
  expect(opening).toMatchObject({ problem: '' });
  const points = Array.from({ length: steps - opening.steps + 1 }, (_, i) => opening.steps + i);
  expect(points.length).toBeGreaterThan(25);
  const outcomes = new Map<number, boolean>();
  const work = async (): Promise<void> => {
    for (let at = points.shift(); at !== undefined; at = points.shift()) {
      outcomes.set(at, (await kill(at)).kept);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  // The old one until the certificate of the new one is in place, and never the old one again.
  const inOrder = [...outcomes].toSorted(([a], [b]) => a - b).map(([, old]) => old);
  expect(new Set(inOrder)).toEqual(new Set([true, false]));
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => Number(b) - Number(a)));
}, 600_000);
