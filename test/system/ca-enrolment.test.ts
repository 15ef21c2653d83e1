// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { decodePem, parseCertificate, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, saveSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, expect, test } from 'vitest';
import { freePort } from './support/free-port.ts';
import { fetchFrom, type Endpoint } from './support/https-request.ts';
import { PROOFGATE, proofgateOk } from './support/proofgate.ts';

const WITHIN = { timeoutMs: 45_000, intervalMs: 50 };
const MACHINE = 'prod1.localhost';
const HELLO = `hello.${MACHINE}`;

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

/** A CA with an enrolment service, and a machine whose software platform the CA's policy accepts. */
async function makeSite(key: 'file' | 'sealed' | 'memory'): Promise<{
  readonly directory: string;
  readonly config: string;
  readonly hello: Endpoint;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-enrol-'));
  cleanUp.push(() => rm(directory, { recursive: true, force: true }));
  const pki = join(directory, 'pki');
  await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');

  const platform = createSimulatedPlatform();
  const simulator = join(directory, 'data', 'simulator');
  await mkdir(simulator, { recursive: true, mode: 0o700 });
  await saveSimulatedPlatform(platform, simulator);

  const policy = {
    version: 1,
    name: 'machines',
    tee: 'tdx',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { image: { mrtd: toHex(platform.measurements().mrtd) } },
  };
  await writeFile(join(directory, 'policy.json'), JSON.stringify(policy));
  const caPort = await freePort();
  const serve = {
    version: '1',
    listen: `127.0.0.1:${String(caPort)}`,
    host: 'localhost',
    directory: 'pki',
    rules: [{ name: 'machines', policy: 'policy.json', hosts: [MACHINE] }],
  };
  await writeFile(join(directory, 'serve.yaml'), JSON.stringify(serve));

  const port = await freePort();
  const machine = {
    version: '1',
    platform: {
      machine_name: 'prod1',
      hostname: 'localhost',
      tee: 'simulated',
      ca: { enrol: `https://localhost:${String(caPort)}`, root: join(pki, 'root.pem'), key },
      listen: `127.0.0.1:${String(port)}`,
      data_dir: join(directory, 'data'),
      run_dir: join(directory, 'run'),
      workers: 1,
    },
    routes: [{ hostname: HELLO, upstream: await upstream() }],
  };
  const config = join(directory, 'machine.yaml');
  await writeFile(config, JSON.stringify(machine));
  const ca = readFileSync(join(pki, 'root.pem'), 'utf8');
  return { directory, config, hello: { hostname: HELLO, port, ca } };
}

async function upstream(): Promise<string> {
  const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => new Promise((resolve) => server.close(resolve)));
  // Sound: it listens on a TCP port.
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Starts a command of ours; it is ended with the test. */
function run(directory: string, ...args: string[]): ChildProcess {
  const log = openSync(join(directory, 'log'), 'a', 0o600);
  const child = spawn(process.execPath, [PROOFGATE, ...args], { stdio: ['ignore', log, log] });
  closeSync(log);
  cleanUp.push(() => end(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function untilServed(hello: Endpoint, directory: string): Promise<void> {
  const served = async (): Promise<boolean> => {
    const answer = await fetchFrom(hello, '/').catch(() => undefined);
    return answer?.body === 'hello';
  };
  await waitFor(served, { ...WITHIN, what: 'an answer' }).catch((error: unknown) => {
    throw new Error(readFileSync(join(directory, 'log'), 'utf8').slice(-6_000), { cause: error });
  });
}

function serialOf(directory: string): string {
  const text = readFileSync(join(directory, 'data/ca/intermediary.pem'), 'utf8');
  const [der] = decodePem(text, 'CERTIFICATE');
  return toHex(parseCertificate(der ?? new Uint8Array()).serialNumber);
}

test.each(['sealed', 'file'] as const)(
  'a machine enrols by itself, and keeps its %s key over a restart while the CA is away',
  { timeout: 120_000 },
  async (key) => {
    const { directory, config, hello } = await makeSite(key);
    const machine = run(directory, 'up', '-c', config);
    // The CA comes later than the machine, which waits for it.
    const log = (): string => readFileSync(join(directory, 'log'), 'utf8');
    await waitFor(() => log().includes('cannot enrol'), WITHIN);
    const ca = run(directory, 'ca', 'serve', '-c', join(directory, 'serve.yaml'));
    await untilServed(hello, directory);
    expect(statSync(join(directory, 'run/ca/intermediary.key')).mode & 0o777).toBe(0o600);
    const serial = serialOf(directory);

    await end(machine);
    await end(ca);
    run(directory, 'up', '-c', config);
    await untilServed(hello, directory);
    expect(serialOf(directory)).toBe(serial);
  },
);

test('a machine that keeps nothing enrols anew', { timeout: 120_000 }, async () => {
  const { directory, config, hello } = await makeSite('memory');
  run(directory, 'ca', 'serve', '-c', join(directory, 'serve.yaml'));
  const machine = run(directory, 'up', '-c', config);
  await untilServed(hello, directory);
  const serial = serialOf(directory);
  await end(machine);
  run(directory, 'up', '-c', config);
  await waitFor(() => serialOf(directory) !== serial, WITHIN);
  await untilServed(hello, directory);
});
