// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeWithRealEvidence, PRODUCTION_TD, realEvidence } from './support/real-evidence.ts';

/** The compiled command; `npm test` builds it first. */
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, stdout, stderr });
    });
    child.stdin?.end();
  });
}

it('starts as a process', async () => {
  const { exitCode, stdout, stderr } = await run('--version');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('ends with 2 when it is used wrongly', async () => {
  expect(await run('verfy')).toMatchObject({ exitCode: 2, stdout: '' });
});

it('asks nobody for a passphrase when there is no terminal', async () => {
  const { exitCode, stderr } = await run('ca', 'init', '--out', '/nothing/here');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('ERR_CLI_USAGE');
});

describeWithRealEvidence('with real evidence', () => {
  const judge = (at: string): string[] => [
    ...['verify', PRODUCTION_TD.quote, '--collateral', PRODUCTION_TD.bundle, '--at', at],
  ];

  it('prints the verdict on stdout and nothing else, without colours', async () => {
    const { exitCode, stdout, stderr } = await run(...judge(PRODUCTION_TD.at));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^ACCEPTED/);
    expect(stdout).not.toContain('\u001b');
  });

  it('keeps its exit code when nobody reads its output', async () => {
    const child = spawn(process.execPath, [MAIN, ...judge('2026-07-01')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const complaints: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    expect(Buffer.concat(complaints).toString()).toBe('');
    expect(exitCode).toBe(10);
  });

  it('ends with 20 when nothing can be judged', async () => {
    const outcome = await run('verify', realEvidence('tdx/v4-phala-b0c06f.bin'));
    expect(outcome).toMatchObject({ exitCode: 20, stdout: '' });
    expect(outcome.stderr).toMatch(/^ERR_COLLATERAL_UNAVAILABLE: /);
  });
});
