// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerStatus } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { loadedWorkloads, OID, type RuntimeEvent } from '@proofgate/evidence';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Plan, SimulatorAddress } from '../system/support/policy.ts';
import { proofgate, proofgateOk } from '../system/support/proofgate.ts';
import { LauncherStack } from './support/launcher-stack.ts';
import { kernelObjects, type KernelObjects } from './support/leftovers.ts';
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
  const server = createServer((request, response) => response.end('VERSION'));
  server.listen(Number(process.env.PORT));
  process.once('SIGTERM', () => server.close());`;

/** Ports are unique on a machine, although each container has a network of its own. */
const PORTS: Readonly<Record<string, number>> = { web: 8000, app: 8001, hog: 8002, steady: 8003 };

function container(name: string, image: string, fields: object = {}): object {
  return {
    name,
    image,
    port: PORTS[name],
    health_check: { http: `http://localhost:${String(PORTS[name])}/`, interval_seconds: 0.5 },
    restart: { initial_delay: '50ms' },
    ...fields,
  };
}

const TIMING = { drainMs: 1_000, quietMs: 1_500 };

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
  const image = (): string => site('one');
  let before: KernelObjects;
  let stack: LauncherStack;

  beforeAll(async () => {
    before = kernelObjects();
    const containers = [container('web', image())];
    stack = await LauncherStack.make({ runtime, containers, timing: TIMING });
    await stack.start();
  });

  afterAll(async () => {
    await stack.stop();
    await stack.remove();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(stack.logTail());
  });

  /** Puts the first image in place again, whatever a test has left. */
  async function startFromOne(): Promise<ContainerStatus> {
    await stack.served('web');
    if ((await stack.reaches('web', 'healthy')).image !== image()) {
      await stack.api('POST', '/api/v1/containers', container('web', image()));
    }
    return waitFor(async () => {
      const status = await stack.status('web');
      const there = status?.image === image() && status.status === 'healthy';
      // Nothing is left of the one before.
      return there && (await loadsOf('web')) === 1 ? status : undefined;
    }, WITHIN);
  }

  /** How many versions the event log says are loaded. */
  async function loadsOf(name: string): Promise<number> {
    const { body } = await stack.api('GET', '/v1/eventlog');
    const { events } = body as { events: readonly RuntimeEvent[] };
    return loadedWorkloads(events).filter((loaded) => loaded.name === name).length;
  }

  test('an image from a registry is served, and its digest is proved', async () => {
    const { image: reference, engine } = await startFromOne();
    expect(reference).toBe(image());
    expect(engine).toMatchObject({ name: runtime, checked_before_start: true });
    const digest = reference.slice(-64);
    const { measured, simulator } = await platformOf(stack);
    const policy = {
      version: 1,
      name: 'containers',
      tee: ['tdx'],
      roots: [`sha256:${simulator.rootSha256}`],
      measurements: { image: { mrtd: measured.mrtd } },
      tcb: { accept: ['UpToDate'] },
      extensions: { [OID.imageDigest]: `hex:${digest}` },
      workloads: { web: [`sha256:${digest}`] },
      freshness: { mode: 'certificate', maxAge: 'PT24H' },
    };
    const policyFile = join(stack.directory, 'policy.json');
    await writeFile(policyFile, JSON.stringify(policy));
    const { exitCode, stdout } = await proofgate(
      ...['verify', `https://web.system.localhost:${String(stack.port)}`, '--json'],
      ...['--ca', join(stack.directory, 'pki', 'root.pem')],
      ...['--policy', policyFile, '--collateral', simulator.collateral],
    );
    expect(exitCode, stdout).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'accepted',
      binding: 'certificate',
      workloads: [{ name: 'web', imageDigest: digest }],
    });
    const plan = JSON.parse(await proofgateOk('plan', '-c', stack.configFile, '--json')) as Plan;
    expect(plan.workloads[0]).toMatchObject({ imageDigest: digest });
  });

  test('nothing fails when launcher, engine or both are killed', async () => {
    const { pid } = await startFromOne();
    const events = await stack.events();
    const load = await loadOn(stack, 'web');
    const killEngine = async (): Promise<void> => {
      const running = engineProcesses(stack);
      expect(running).not.toEqual([]);
      for (const each of running) process.kill(each, 'SIGKILL');
      await afterwards(load);
    };

    await stack.kill('launcher');
    await afterwards(load);
    await stack.start('launcher');
    expect(await stack.reaches('web', 'healthy')).toMatchObject({ pid, restarts: 0 });

    await killEngine();
    const command = ['/bin/cat', '/app.mjs'];
    const exec = await waitFor(async () => {
      const answer = await stack.api('POST', '/api/v1/containers/web/exec', { command });
      return answer.status === 200 ? answer.body : undefined;
    }, WITHIN);
    expect(exec).toMatchObject({ exit_code: 0 });
    expect(await stack.status('web')).toMatchObject({ pid, status: 'healthy', restarts: 0 });

    await stack.kill('launcher');
    await killEngine();
    await stack.start('launcher');
    expect(await stack.reaches('web', 'healthy')).toMatchObject({ pid, restarts: 0 });
    await afterwards(load);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()]).toEqual(['one']);
    expect(await stack.events()).toEqual(events);
  });

  test('an image is replaced under load without a failed request', async () => {
    await startFromOne();
    const events = await stack.events();
    const load = await loadOn(stack, 'web');
    const next = container('web', site('two'));
    expect(await stack.api('POST', '/api/v1/containers', next)).toMatchObject({
      status: 202,
      body: { replaces: true },
    });
    await waitFor(() => load.answers.has('two'), WITHIN);
    await waitFor(async () => (await loadsOf('web')) === 1, WITHIN);
    await afterwards(load);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()]).toEqual(['one', 'two']);
    const log = ['load web', 'unload web', 'load web'];
    expect(await stack.events()).toEqual([...events, ...log]);
    expect(await stack.status('web')).toMatchObject({ status: 'healthy', restarts: 0 });
  });

  test('a launcher that is killed while it replaces an image finishes that', async () => {
    await startFromOne();
    const app = (version: string): object => container('app', site(version));
    await stack.api('POST', '/api/v1/containers', app('a'));
    expect(await stack.served('app')).toBe('a');
    const [web, load] = [await loadOn(stack, 'web'), await loadOn(stack, 'app')];
    for (const each of [app('b'), container('web', site('three'))]) {
      await stack.api('POST', '/api/v1/containers', each);
    }
    await waitFor(() => load.answers.has('b') && web.answers.has('three'), WITHIN);
    await stack.kill('launcher');
    await afterwards(load);
    await stack.start('launcher');
    // What was loaded is there again, also in the place of what the config file still says.
    for (const name of ['app', 'web'])
      await waitFor(async () => (await loadsOf(name)) === 1, WITHIN);
    for (const each of [load, web]) {
      await afterwards(each);
      await each.stop();
      expect(each.failures).toEqual([]);
    }
    expect(await stack.status('web')).toMatchObject({ image: site('three'), status: 'healthy' });
    expect([await stack.served('web'), await stack.served('app')]).toEqual(['three', 'b']);
    expect(await stack.api('DELETE', '/api/v1/containers/app')).toMatchObject({ status: 200 });
  });

  test('a broken image changes nothing for anybody, and says why', async () => {
    const { pid, spec_digest: spec } = await startFromOne();
    const load = await loadOn(stack, 'web');
    const attempts = [
      [site('ends', '/bin/false'), /exited with code 1/],
      [site('no program', '/nope'), /exited with code/],
      [`${registry.host}/site@sha256:${'0'.repeat(64)}`, /not started/],
    ] as const;
    for (const [broken, problem] of attempts) {
      await stack.api('POST', '/api/v1/containers', container('web', broken));
      const { replacement } = await waitFor(async () => {
        const status = await stack.status('web');
        const over = status?.replacement?.error !== undefined;
        return over && status.replacement.image === broken ? status : undefined;
      }, WITHIN);
      expect(replacement).toMatchObject({
        status: 'failed',
        error: expect.stringMatching(problem) as string,
      });
    }
    await waitFor(async () => (await loadsOf('web')) === 1, WITHIN);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()]).toEqual(['one']);
    expect(await stack.status('web')).toMatchObject({ pid, spec_digest: spec, restarts: 0 });
  });

  test('a container that ends is started again, and why it ended is known', async () => {
    const fields = { internal: true, health_check: { exec: ['/bin/true'], interval_seconds: 0.5 } };
    const hog = container('hog', site('hog', '/bin/tail /dev/zero'), {
      ...fields,
      resource_memory_mb: 64,
      health_check: undefined,
    });
    const steady = container('steady', site('steady', '/bin/sleep 1000'), {
      ...fields,
      depends_on: ['web'],
    });
    for (const each of [hog, steady]) {
      expect(await stack.api('POST', '/api/v1/containers', each)).toMatchObject({ status: 202 });
    }
    await stack.reaches('steady', 'healthy');
    const end = await waitFor(async () => {
      const { restarts = 0, last_exit: last } = (await stack.status('hog')) ?? {};
      return restarts > 0 ? last : undefined;
    }, WITHIN);
    expect(end).toMatchObject({ kind: 'oom' });
    const used = await stack.api('DELETE', '/api/v1/containers/web');
    expect(used.status).toBeGreaterThanOrEqual(400);
    for (const name of ['hog', 'steady']) {
      expect(await stack.api('DELETE', `/api/v1/containers/${name}`)).toMatchObject({
        status: 200,
      });
    }
  });

  test('nothing is left when it has ended', async () => {
    expect(await stack.stop()).toBe(0);
    await waitFor(() => kernelObjects().processes.length <= before.processes.length, WITHIN);
    expect(kernelObjects()).toEqual(before);
  });
});

async function platformOf(
  stack: LauncherStack,
): Promise<{ measured: { mrtd: string }; simulator: SimulatorAddress }> {
  const measured = (await stack.ask('simulator.sock', '/v1/measurements')) as { mrtd: string };
  const simulator = JSON.parse(await stack.read('simulator.json')) as SimulatorAddress;
  return { measured, simulator };
}
