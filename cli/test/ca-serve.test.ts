// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, servePlatform } from '@proofgate/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { proofgate, proofgateOk, proofgateWith } from './support/command.ts';
import { modeOf, testDirectory } from './support/directory.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const directory = testDirectory();
const platform = createSimulatedPlatform();
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** The directory in which a machine finds its platform. */
async function runDirectory(): Promise<string> {
  const socketPath = directory.file('simulator.sock');
  const logger = createLogger({ name: 'test', level: 'silent' });
  const service = await servePlatform({ platform, socketPath, logger });
  closers.push(() => service.close());
  return join(socketPath, '..');
}

/** Starts `proofgate ca serve`, as an operator would. */
async function serve(config: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [MAIN, 'ca', 'serve', '-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  closers.push(async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit');
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const entry = JSON.parse(line) as { msg: string; port: number };
      if (entry.msg === 'serving') resolve(entry.port);
    });
    child.once('exit', () => {
      reject(new Error('the service ended'));
    });
  });
  return { child, port };
}

function writeConfig(pki: string, changes: object = {}): string {
  const { mrtd } = platform.measurements();
  const policy = {
    version: 1,
    name: 'machines',
    tee: 'tdx',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { image: { mrtd: toHex(mrtd) } },
  };
  writeFileSync(directory.file('machines.json'), JSON.stringify(policy));
  const config = {
    version: '1',
    listen: '127.0.0.1:0',
    host: 'localhost',
    directory: pki,
    rules: [{ name: 'machines', policy: 'machines.json', hosts: ['prod1.example.com'] }],
    ...changes,
  };
  const file = directory.file('serve.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  return file;
}

describe('ca serve and ca enrol', () => {
  it('give a machine an intermediary whose key never left it', async () => {
    const pki = directory.file('pki');
    await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
    const { child, port } = await serve(writeConfig(pki));
    const enrol = [
      ...['ca', 'enrol', '--url', `https://localhost:${String(port)}`, '--tee', 'simulated'],
      ...['--root', join(pki, 'root.pem'), '--run-dir', await runDirectory()],
    ];
    const out = directory.file('machine');
    const now = new Date();
    const shown = await proofgateWith(
      { now },
      ...[...enrol, '--host', 'prod1.example.com', '--out', out],
    );
    expect(shown).toMatchObject({ exitCode: 0, err: '' });
    expect(shown.out).toContain('SIMULATED');
    expect(modeOf(join(out, 'intermediary.key'))).toBe('600');
    expect(await proofgateOk('ca', 'show', join(out, 'intermediary.pem'))).toContain(
      'prod1.example.com',
    );

    const refused = await proofgateWith(
      { now },
      ...[...enrol, '--host', 'prod2.example.com', '--out', directory.file('other')],
    );
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain('ERR_CA_HOST_NOT_ENROLLED');

    const busy = await proofgate('ca', 'crl', '--dir', pki);
    expect(busy.err).toContain('ERR_CA_LOCKED');

    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const journal = await proofgateOk('ca', 'journal', 'list', '--dir', pki);
    expect(journal).toContain('intermediary, attested');
  }, 30_000);

  it('check their file', async () => {
    const pki = directory.file('pki');
    expect(await proofgate('ca', 'serve', '-c', writeConfig(pki), '--check')).toMatchObject({
      exitCode: 0,
    });
    const wrong = await proofgate('ca', 'serve', '-c', writeConfig(pki, { rulez: [] }), '--check');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.err).toContain('rulez');
  });
});
