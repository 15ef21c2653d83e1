// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LauncherStack } from './support/launcher-stack.ts';
import { kernelObjects, type KernelObjects } from './support/leftovers.ts';
import { nodeImage } from './support/oci-programs.ts';
import { OciRegistry } from './support/oci-registry.ts';
import { SteadyLoad } from './support/steady-load.ts';

const WITHIN = { timeoutMs: 40_000, intervalMs: 20 };
const PORTS = { web: 8_000, app: 8_001 } as const;
type Name = keyof typeof PORTS;

let registry: OciRegistry;
beforeAll(async () => {
  registry = await OciRegistry.listen();
});
afterAll(() => registry.close());

/** Answers with its name. */
const SERVER = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => response.end('NAME'));
  server.listen(Number(process.env.PORT));
  process.once('SIGTERM', () => server.close());`;

function container(name: Name): object {
  const files = [{ name: 'app.mjs', content: SERVER.replace('NAME', name) }];
  const run = { Cmd: ['/usr/bin/node', '/app.mjs'] };
  return {
    name,
    image: registry.add('site', nodeImage({ files, run })),
    port: PORTS[name],
    health_check: {
      http: `http://localhost:${String(PORTS[name])}/`,
      interval_seconds: 0.5,
    },
    restart: { initial_delay: '50ms' },
  };
}

/** What a launcher has written down about a container. */
interface Recorded {
  readonly name: string;
  readonly image_digest: string;
  readonly spec_digest: string;
  readonly slot: number;
}

describe.each(['containerd', 'podman'] as const)('on %s', (runtime) => {
  let before: KernelObjects;
  let stack: LauncherStack;

  beforeAll(async () => {
    before = kernelObjects();
    stack = await LauncherStack.make({ runtime, containers: [container('web'), container('app')] });
    await stack.start();
  });
  afterAll(async () => {
    await stack.stop();
    await stack.remove();
    expect(kernelObjects()).toEqual(before);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(stack.logTail());
  });

  async function both(): Promise<readonly { readonly pid?: number | undefined }[]> {
    expect([await stack.served('web'), await stack.served('app')]).toEqual(['web', 'app']);
    return [await stack.reaches('web', 'healthy'), await stack.reaches('app', 'healthy')];
  }

  function recordFile(): string {
    return join(stack.directory, 'data', 'workloads.json');
  }

  async function records(): Promise<{ readonly workloads: readonly Recorded[] }> {
    return JSON.parse(await readFile(recordFile(), 'utf8')) as { workloads: readonly Recorded[] };
  }

  test('a container that is not what was started is replaced, and never answers for it', async () => {
    const running = await both();
    await stack.kill('launcher');
    // Each container is there, runs and is confined; but it is the other one's.
    const file = await records();
    const [first, second] = file.workloads;
    const as = (known: Recorded, other: Recorded): Recorded => {
      const { name, image_digest, spec_digest } = known;
      return { ...other, name, image_digest, spec_digest };
    };
    const workloads = [as(first!, second!), as(second!, first!)];
    await writeFile(recordFile(), JSON.stringify({ ...file, workloads }));
    const loads = (['web', 'app'] as const).map((name) => ({
      name,
      load: new SteadyLoad(stack.endpoint(name), 50),
    }));
    for (const { load } of loads) onTestFinished(() => load.stop());
    const events = await eventLog();

    await stack.start('launcher');
    const pids = running.map(({ pid }) => pid);
    for (const name of ['web', 'app']) {
      await waitFor(async () => {
        const status = await stack.status(name);
        return status?.status === 'healthy' && !pids.includes(status.pid);
      }, WITHIN);
    }
    await both();
    for (const { name, load } of loads) {
      await load.stop();
      // Requests fail while there is nobody to answer, and nobody else answers instead.
      expect([...load.answers.keys()]).toEqual([name]);
    }
    // What is measured is what was measured before.
    expect(await eventLog()).toEqual(events);
  });

  test('nobody gets the place of a container that has ended while no launcher looked', async () => {
    const [web] = await both();
    const earlier = (await records()).workloads.map(({ slot }) => slot);
    await stack.kill('launcher');
    process.kill(web!.pid!, 'SIGKILL');
    await stack.start('launcher');
    await waitFor(async () => {
      const status = await stack.status('web');
      return status?.status === 'healthy' && status.pid !== web!.pid;
    }, WITHIN);
    await both();
    // The proxy has been told of that place, and of nothing else since.
    const { workloads } = await records();
    expect(earlier).not.toContain(workloads.find(({ name }) => name === 'web')?.slot);
  });

  async function eventLog(): Promise<unknown> {
    return (JSON.parse(await stack.read('event-log.json')) as { events: unknown }).events;
  }
});
