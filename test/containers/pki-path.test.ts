// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksIn, readPage } from '../docs/support/markdown-page.ts';
import { PROOFGATE } from '../system/support/proofgate.ts';

/** The page uses fixed ports: it can be followed as it stands only where nobody else has them. */
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pg-pki-'));
  // `npx proofgate` as on a machine where it is installed.
  const npx = join(directory, 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${PROOFGATE}' "$@"\n`);
  chmodSync(npx, 0o755);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('the ten minutes of docs/pki.md, exactly as written', { timeout: 120_000 }, async () => {
  const blocks = blocksIn([readPage('docs/pki.md')], 'bash').map(({ text }) => text);
  expect(blocks.length).toBeGreaterThan(5);
  const { status, output } = await follow(blocks.join('\n'));
  const log = (): string => readFileSync(join(directory, 'up.log'), 'utf8').slice(-4_000);
  expect(status, status === 0 ? '' : `${output}\n${log()}`).toBe(0);

  expect(output.match(/hello from prod1/gu)).toHaveLength(2);
  expect(output).toContain('may issue for');
  expect(output).toMatch(/whole, every line follows/u);
  expect(output).toContain('Superseded');
});

/** Runs a script as a person's shell would, and ends what it left in the background. */
async function follow(script: string): Promise<{ status: number | null; output: string }> {
  const shell = spawn('bash', ['-e', '-o', 'pipefail', '-c', `${script}\nkill $(jobs -p)\nwait`], {
    cwd: directory,
    env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  shell.stdout.on('data', keep);
  shell.stderr.on('data', keep);
  const [status] = (await once(shell, 'close')) as [number | null];
  try {
    // Sound: a process that was started has an id; a group that is gone is what is wanted.
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
  return { status, output };
}
