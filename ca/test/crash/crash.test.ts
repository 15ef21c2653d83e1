// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePrivateKey } from '@proofgate/ca';
import { journalState, readJournalChain, type JournalState } from '@proofgate/ca/operator';
import { decodePem, parseCertificate, toHex } from '@proofgate/evidence';
import { pem, root } from '../pki.ts';
import { runKilledAt, type Run } from './killed-process.ts';
import { operate } from './operations.mjs';

const PROGRAM = fileURLToPath(new URL('operation.mjs', import.meta.url));
/** Processes at a time: as many as the smallest machine has cores. */
const PARALLEL = 2;
/**
 * With this, each operation is killed during the opening of the directory as well, which is the same code for all of
 * them: 292 points instead of 205, some minutes, for changes of that code. All of them pass.
 */
const EVERYWHERE = process.env['PROOFGATE_CRASH_EVERYWHERE'] === '1';
/** An operation has some dozens of points, and each takes two processes. */
const TIMEOUT_MS = EVERYWHERE ? 1_800_000 : 120_000;

const base = mkdtempSync(join(tmpdir(), 'proofgate-crash-'));
let points = 0;

afterAll(() => {
  rmSync(base, { recursive: true });
});

/** Runs one operation; `killAt` 0 lets it finish. */
const run = (operation: string, directory: string, killAt: number): Promise<Run> =>
  runKilledAt(killAt, PROGRAM, [operation, directory]);

async function succeed(operation: string, directory: string): Promise<number> {
  const { steps, problem } = await run(operation, directory, 0);
  expect(problem, `${operation} in ${directory}`).toBe('');
  return steps;
}

/** What the operations begin with, one after the other. */
const BEFORE = {
  begin: [],
  issue: [],
  prepare: ['issue'],
  activate: ['issue', 'prepare'],
  abandon: ['issue', 'prepare'],
  retire: ['issue', 'prepare', 'activate'],
  revoke: ['issue'],
  crl: ['issue', 'revoke'],
} as const;

beforeAll(async () => {
  for (const [operation, before] of Object.entries(BEFORE)) {
    const template = join(base, operation);
    mkdirSync(template);
    writeFileSync(join(template, 'root.pem'), pem(root.certificate));
    writeFileSync(join(template, 'root.key'), encodePrivateKey(root.privateKey), { mode: 0o600 });
    for (const step of before) await operate(step, template);
  }
}, 60_000);

describe.each(Object.keys(BEFORE))('a CA that is killed during %s', (operation) => {
  it(
    'has everything that it issued in its journal, and can be used',
    { timeout: TIMEOUT_MS },
    async () => {
      const trial = join(base, `${operation}-whole`);
      cpSync(join(base, operation), trial, { recursive: true, verbatimSymlinks: true });
      const steps = await succeed(operation, trial);
      expect(steps).toBeGreaterThan(5);
      // Opening the directory is the same for all of them: only the first is killed during it.
      const whole = EVERYWHERE || operation === 'begin';
      const first = whole ? 1 : Math.max(1, (await opening(operation)) - 1);
      const queue = Array.from({ length: steps - first + 1 }, (_, index) => first + index);
      const work = async (): Promise<void> => {
        for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
          await killOnce(operation, at);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, work));
    },
  );
});

/** Steps of opening and closing the directory that an operation begins with. */
function opening(operation: string): Promise<number> {
  const directory = join(base, `${operation}-opening`);
  cpSync(join(base, operation), directory, { recursive: true, verbatimSymlinks: true });
  return succeed('begin', directory);
}

it('was killed at two hundred points', ({ annotate }) => {
  void annotate(`${String(points)} points`);
  expect(points).toBeGreaterThanOrEqual(200);
});

async function killOnce(operation: string, at: number): Promise<void> {
  const directory = join(base, `${operation}-${String(at)}`);
  cpSync(join(base, operation), directory, { recursive: true, verbatimSymlinks: true });
  const { killed, problem } = await run(operation, directory, at);
  expect(problem).toBe('');
  expect(killed, `${operation} at step ${String(at)}`).toBe(true);
  points += 1;
  checkWhole(directory);
  await recover(operation, directory);
  checkWhole(directory);
  expect(filesBelow(directory).filter(isLeftover)).toEqual([]);
  rmSync(directory, { recursive: true });
}

const isLeftover = (path: string): boolean =>
  path.endsWith('.tmp') || basename(path).startsWith('lock');

/** A person would run the command again; where it had done its work already, it says so. */
async function recover(operation: string, directory: string): Promise<void> {
  await operate(operation, directory).catch((error: unknown) => {
    expect(String(error)).toMatch(/Error: .*(no rotation|already)/u);
  });
}

/** Certificates that anybody can see are in the journal, and keys are whole and fit. */
function checkWhole(directory: string): void {
  const chain = readJournalChain(readJournal(directory));
  const state = chain.entries.length === 0 ? undefined : journalState(chain.entries);
  for (const path of filesBelow(directory)) {
    const name = basename(path);
    if (name === 'root.pem' || name.endsWith('.tmp')) continue;
    if (name.endsWith('.pem') && !name.endsWith('.crl.pem')) expectJournalled(path, state);
    if (name.endsWith('.key')) createPrivateKey(readFileSync(path, 'utf8'));
  }
}

function readJournal(directory: string): Uint8Array {
  const path = join(directory, 'journal.jsonl');
  return readdirSync(directory).includes('journal.jsonl') ? readFileSync(path) : new Uint8Array();
}

function expectJournalled(path: string, state: JournalState | undefined): void {
  for (const der of decodePem(readFileSync(path, 'utf8'), 'CERTIFICATE')) {
    const serial = toHex(parseCertificate(der).serialNumber);
    expect(state?.issued.get(serial)?.certificate.raw, path).toEqual(der);
  }
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
