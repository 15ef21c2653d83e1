// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { OID } from '@proofgate/evidence';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Plan, SimulatorAddress } from '../system/support/policy.ts';
import { proofgate, proofgateOk } from '../system/support/proofgate.ts';
import { LauncherStack, type LauncherStackOptions } from './support/launcher-stack.ts';
import { kernelObjects } from './support/leftovers.ts';
import { nodeImage } from './support/oci-programs.ts';
import { OciRegistry } from './support/oci-registry.ts';
import { SteadyLoad } from './support/steady-load.ts';

const WITHIN = { timeoutMs: 30_000, intervalMs: 20 };
const REQUESTS_PER_SECOND = 200;

let registry: OciRegistry;

beforeAll(async () => {
  registry = await OciRegistry.listen();
});

afterAll(() => registry.close());

/** A web server that says which version it is. */
function site(version: string, command = '/usr/bin/node /app.mjs'): string {
  const files = [{ name: 'app.mjs', content: SERVER.replace('VERSION', version) }];
  return registry.add('site', nodeImage({ files, run: { Cmd: command.split(' ') } }));
}

/** Finishes what it is doing when it is asked to end, as servers should. */
const SERVER = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => response.end('VERSION')).listen(8000);
  process.once('SIGTERM', () => server.close());`;

function container(name: string, image: string, fields: object = {}): object {
  return {
    name,
    image,
    port: 8000,
    health_check: { http: 'http://localhost:8000/', interval_seconds: 0.5 },
    restart: { initial_delay: '50ms' },
    ...fields,
  };
}

async function stackWith(options: LauncherStackOptions): Promise<LauncherStack> {
  const timing = { drainMs: 1_000, quietMs: 5_000 };
  const stack = await LauncherStack.make({ timing, ...options });
  onTestFinished(async ({ task }) => {
    await stack.stop();
    if (task.result?.state === 'fail') console.error(stack.logTail());
    await stack.remove();
  });
  await stack.start();
  return stack;
}

/** Clients of a host until the test has ended. */
async function loadOn(stack: LauncherStack, name: string): Promise<SteadyLoad> {
  const load = new SteadyLoad(stack.endpoint(name), REQUESTS_PER_SECOND);
  onTestFinished(() => load.stop());
  await waitFor(() => load.answered > 50, WITHIN);
  return load;
}

/** Waits for some more answers: what happened before has then shown. */
async function afterwards(load: SteadyLoad): Promise<void> {
  const before = load.answered;
  await waitFor(() => load.answered >= before + 100, WITHIN);
}

function engineProcesses(stack: LauncherStack): readonly number[] {
  return stack
    .processes()
    .filter(({ command }) => /containerd --config |podman .*system service/.test(command))
    .map(({ pid }) => pid);
}

describe.each(['containerd', 'podman'] as const)('on %s', (runtime) => {
  test('an image from a registry is served, proved, and gone without a trace', async () => {
    const before = kernelObjects();
    const image = site('one');
    const stack = await stackWith({ runtime, containers: [container('web', image)] });
    expect(await stack.served('web')).toBe('one');
    expect(await stack.reaches('web', 'healthy')).toMatchObject({
      image,
      engine: { name: runtime, checked_before_start: true },
    });

    const plan = JSON.parse(await proofgateOk('plan', '-c', stack.configFile, '--json')) as Plan;
    const { measured, simulator } = await platformOf(stack);
    const policy = {
      version: 1,
      name: 'containers',
      tee: ['tdx'],
      roots: [`sha256:${simulator.rootSha256}`],
      measurements: { image: { mrtd: measured.mrtd, rtmr3: plan.rtmr3 } },
      tcb: { accept: ['UpToDate'] },
      extensions: { [OID.imageDigest]: `hex:${image.slice(-64)}` },
      workloads: { web: [`sha256:${image.slice(-64)}`] },
      freshness: { mode: 'certificate', maxAge: 'PT24H' },
    };
    const policyFile = join(stack.directory, 'policy.json');
    await writeFile(policyFile, JSON.stringify(policy));
    const { exitCode, stdout, stderr } = await proofgate(
      ...['verify', `https://web.system.localhost:${String(stack.port)}`, '--json'],
      ...['--ca', join(stack.directory, 'pki', 'root.pem')],
      ...['--policy', policyFile, '--collateral', simulator.collateral],
    );
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'accepted',
      binding: 'certificate',
      workloads: [{ name: 'web', imageDigest: image.slice(-64) }],
    });

    expect(await stack.stop()).toBe(0);
    await waitFor(() => kernelObjects().processes.length <= before.processes.length, WITHIN);
    expect(kernelObjects()).toEqual(before);
  });

  test('nothing fails when launcher, engine or both are killed', async () => {
    const stack = await stackWith({ runtime, containers: [container('web', site('one'))] });
    await stack.served('web');
    const { pid } = await stack.reaches('web', 'healthy');
    const load = await loadOn(stack, 'web');
    const engine = async (): Promise<void> => {
      const running = engineProcesses(stack);
      expect(running).not.toEqual([]);
      for (const each of running) process.kill(each, 'SIGKILL');
      await afterwards(load);
    };

    await stack.kill('launcher');
    await afterwards(load);
    await stack.start('launcher');
    expect(await stack.reaches('web', 'healthy')).toMatchObject({ pid, restarts: 0 });

    await engine();
    const command = ['/bin/cat', '/app.mjs'];
    const exec = await waitFor(async () => {
      const answer = await stack.api('POST', '/api/v1/containers/web/exec', { command });
      return answer.status === 200 ? answer.body : undefined;
    }, WITHIN);
    expect(exec).toMatchObject({ exit_code: 0 });
    expect(await stack.status('web')).toMatchObject({ pid, status: 'healthy', restarts: 0 });

    await stack.kill('launcher');
    await engine();
    await stack.start('launcher');
    expect(await stack.reaches('web', 'healthy')).toMatchObject({ pid, restarts: 0 });
    await afterwards(load);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()]).toEqual(['one']);
    expect(await stack.events()).toEqual(['platform', 'load web']);
  });

  test('an image is replaced under load without a failed request', async () => {
    const stack = await stackWith({ runtime, containers: [container('web', site('one'))] });
    await stack.served('web');
    const load = await loadOn(stack, 'web');
    const next = container('web', site('two'));
    expect(await stack.api('POST', '/api/v1/containers', next)).toMatchObject({
      status: 202,
      body: { replaces: true },
    });
    await waitFor(() => load.answers.has('two'), WITHIN);
    await waitFor(async () => (await stack.events()).length === 5, WITHIN);
    await afterwards(load);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await stack.events()).toEqual([
      ...['platform', 'load web', 'load web'],
      ...['unload web', 'load web'],
    ]);
    expect(await stack.served('web')).toBe('two');
    // The engine has one container left.
    expect(await stack.status('web')).toMatchObject({ status: 'healthy', restarts: 0 });
  });

  test('a broken image changes nothing for anybody, and says why', async () => {
    const stack = await stackWith({ runtime, containers: [container('web', site('one'))] });
    await stack.served('web');
    const { pid, spec_digest: spec } = await stack.reaches('web', 'healthy');
    const load = await loadOn(stack, 'web');
    const attempts = [
      [site('ends', '/bin/false'), /exited with code 1/, 'load web'],
      [site('no program', '/nope'), /exited with code/, 'load web'],
      [`${registry.host}/site@sha256:${'0'.repeat(64)}`, /not started/, undefined],
    ] as const;
    for (const [image, problem] of attempts) {
      await stack.api('POST', '/api/v1/containers', container('web', image));
      const { replacement } = await waitFor(async () => {
        const status = await stack.status('web');
        const over = status?.replacement?.error !== undefined;
        return over && status.replacement.image === image ? status : undefined;
      }, WITHIN);
      expect(replacement).toMatchObject({
        status: 'failed',
        error: expect.stringMatching(problem) as string,
      });
    }
    await waitFor(async () => (await stack.events()).at(-1) === 'load web', WITHIN);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()]).toEqual(['one']);
    expect(await stack.status('web')).toMatchObject({ pid, spec_digest: spec, restarts: 0 });
  });
});

async function platformOf(
  stack: LauncherStack,
): Promise<{ measured: { mrtd: string }; simulator: SimulatorAddress }> {
  const measured = (await stack.ask('simulator.sock', '/v1/measurements')) as { mrtd: string };
  const simulator = JSON.parse(await stack.read('simulator.json')) as SimulatorAddress;
  return { measured, simulator };
}
