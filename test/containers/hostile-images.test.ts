// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createLogger } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import { LauncherError } from '../../launcher/src/errors.ts';
import { ImageStore } from '../../launcher/src/image/image-store.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink } from './support/memory-sink.ts';
import { hostileImages, type HostileImage } from './support/oci-hostile-images.ts';
import { busyboxImage } from './support/oci-programs.ts';
import { OciRegistry } from './support/oci-registry.ts';
import { containerdStage } from './support/private-containerd.ts';
import { podmanStage } from './support/private-podman.ts';
import { strictSpec } from './support/runc-bundle.ts';

const forever = new AbortController().signal;

const images = hostileImages({
  layers: busyboxImage().layers.map(({ bytes }) => ({ tar: gunzipSync(bytes) })),
});
const refused = images.filter(({ refusal }) => refusal !== undefined);
const accepted = images.filter(({ refusal }) => refusal === undefined);

let registry: OciRegistry;
let directory: string;
let store: ImageStore;

// One for each test: they make it lie about layers that the others have as well.
beforeEach(async () => {
  registry = await OciRegistry.listen();
});

afterEach(async () => {
  await store.close();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

/** Into a store of its own. */
async function pull({ serve }: HostileImage): Promise<VerifiedImage> {
  directory = await mkdtemp(join(tmpdir(), 'pg-hostile-'));
  store = await ImageStore.open({
    directory: join(directory, 'images'),
    registries: [],
    logger: createLogger({ name: 'test', level: 'silent' }),
    timing: { firstWaitMs: 1, maxWaitMs: 2, tries: 2 },
  });
  return store.pull(serve(registry), { signal: forever });
}

/** What the images try to leave: names of files where they would be, and what is there already. */
const TRACES = /pwned|become-root|^disk$|^zeros$|^way-out$/;

/** The machine, as far as the images want to change it. */
function machine(stageDirectory: string): object {
  const above: string[] = [];
  for (let path = stageDirectory; path !== '/'; path = dirname(path)) above.push(path);
  const places = ['/', '/tmp', '/etc', '/bin', '/dev', '/run', process.cwd(), ...above];
  const { nlink, mtimeMs } = lstatSync('/etc/hostname');
  return {
    traces: [...new Set(places)].flatMap((place) =>
      readdirSync(place)
        .filter((name) => TRACES.test(name))
        .map((name) => join(place, name)),
    ),
    hostname: { nlink, mtimeMs, content: readFileSync('/etc/hostname', 'utf8') },
    etc: readdirSync('/etc').sort(),
    bin: readdirSync('/bin').sort(),
    dev: readdirSync('/dev').sort(),
  };
}

describe('on its way to an engine', () => {
  test.each(refused)('is refused, and nothing of it is left: $name', async (image) => {
    const before = machine(tmpdir());
    const error: unknown = await pull(image).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LauncherError);
    expect(error).toMatchObject({ code: image.refusal });
    // Layers that did arrive from a registry which is away are kept for the next try.
    if (error instanceof LauncherError && error.family === 'rejected') {
      const left = await readdir(join(directory, 'images'), {
        recursive: true,
        withFileTypes: true,
      });
      expect(left.filter((entry) => entry.isFile())).toEqual([]);
    }
    const { requests } = registry;
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter(({ path }) => path.includes('internal'))).toEqual([]);
    expect(machine(tmpdir())).toEqual(before);
  });
});

/** Says what of the image a container of it sees. */
const SCRIPT = `
for path in /pwned-absolute /way-out/pwned-symlink /tmp/pwned-symlink /dev/mem; do
  test -e $path && echo "sees $path"
done
test -u /bin/become-root && echo 'sees a setuid program'
echo "has $(id -u)"
`;

const SEEN: Readonly<Record<string, readonly string[]>> = {
  'absolute name': ['sees /pwned-absolute'],
  // What it wrote is in its own /tmp, below the container's.
  'file behind an absolute symbolic link': [],
  'device node where the container has devices of its own': [],
  'setuid program': ['sees a setuid program'],
};

const stages = { containerd: containerdStage, podman: podmanStage };

describe.each(['containerd', 'podman'] as const)('on %s', (kind) => {
  let stage: Awaited<ReturnType<(typeof stages)[typeof kind]>>;
  let engine: ContainerEngine;

  beforeAll(async () => {
    stage = await stages[kind]();
    engine = (await stage.open()).engine;
  });

  afterEach(async () => {
    for (const { id } of await engine.list()) await engine.remove(id);
    for (const pin of await engine.images()) await engine.removeImage(pin);
  });

  afterAll(() => stage.close());

  test.each(accepted)('stays in its root: $name', async (hostile) => {
    const image = await pull(hostile);
    const before = machine(stage.directory);
    const error: unknown = await engine
      .unpack(image, { signal: forever, onProgress: () => undefined })
      .catch((reason: unknown) => reason);
    expect(machine(stage.directory)).toEqual(before);
    if (kind === 'podman' && hostile.name === 'file behind an absolute symbolic link') {
      // It follows such links in a root of its own, where this one leads to nothing.
      expect(error).toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
      expect(await engine.images()).toEqual([]);
      return;
    }
    expect(error).toBeUndefined();

    const logs = memorySink();
    const spec = strictSpec({ id: 'hostile', args: ['/bin/sh', '-c', SCRIPT] });
    await engine.create(spec, image, logs);
    await engine.start(spec.id);
    expect((await engine.wait(spec.id, forever)).code).toBe(0);
    await engine.remove(spec.id);
    const seen = logs.text('stdout').trim().split('\n');
    expect(seen).toEqual([...(SEEN[hostile.name] ?? ['a case without expectation']), 'has 10001']);
    expect(machine(stage.directory)).toEqual(before);

    // Nothing is left of it in the engine either.
    await engine.removeImage(image.pin);
    expect(await engine.images()).toEqual([]);
  });
});
