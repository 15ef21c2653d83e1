// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compareRounds, renderReport, thisMachine, type BenchCase } from '@proofgate/bench';
import { createLogger, waitFor } from '@proofgate/daemon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImageStore } from '../../../launcher/src/image/image-store.ts';
import { LauncherStack } from '../support/launcher-stack.ts';
import type { BuiltImage } from '../support/oci-image.ts';
import { busyboxImage } from '../support/oci-programs.ts';
import { OciRegistry } from '../support/oci-registry.ts';
import { containerdStage } from '../support/private-containerd.ts';

const QUICK = process.env['PROOFGATE_BENCH_QUICK'] === '1';
const ROUNDS = QUICK ? 2 : 10;
const PARALLEL = QUICK ? 4 : 20;
const PULL_ROUNDS = QUICK ? 1 : 5;
const PULL_MIB = QUICK ? 10 : 100;
const RESULT = process.env['PROOFGATE_BENCH_JSON'] ?? 'bench/results/launcher.json';
const SOON = { timeoutMs: 60_000, intervalMs: 1 } as const;

const run = promisify(execFile);
const image = busyboxImage({
  run: { Cmd: ['/bin/busybox', 'httpd', '-f', '-p', '8000', '-h', '/etc'] },
});

let directory: string;
let registry: OciRegistry;
let podman: (...args: readonly string[]) => Promise<string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pg-bench-'));
  registry = await OciRegistry.listen();
  podman = await privatePodman(directory);
});

afterAll(async () => {
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

test('cold start, parallel start and pull', async () => {
  const cases = [...(await startCases()), await pullCase()];
  const report = { name: 'launcher', machine: thisMachine(false), cases };
  await mkdir(join(RESULT, '..'), { recursive: true });
  await writeFile(RESULT, `${JSON.stringify(report, null, 2)}\n`);
  console.log(renderReport(report));
  for (const { ours } of cases) expect(ours).toBeGreaterThan(0);
});

/** From the request to load a workload to its first HTTP 200, with the image there already, beside both tools. */
async function startCases(): Promise<BenchCase[]> {
  const stack = await LauncherStack.make({ runtime: 'containerd' });
  const reference = registry.add('bench/httpd', image);
  try {
    await stack.start();
    const ctr = await importForCtr(stack);
    await podman('load', '-i', join(directory, 'image.tar'));
    await loadAndWait(stack, reference, ['warm']);
    const ours: number[] = [];
    const theirs = { ctr: [] as number[], podman: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await loadAndWait(stack, reference, [`c${String(round)}`]));
      theirs.ctr.push(
        await timed(() => ctr('run', '--rm', CTR_NAME, `x${String(round)}`, '/bin/true')),
      );
      theirs.podman.push(
        await timed(() => podman('run', '--rm', '--network', 'none', CTR_NAME, '/bin/true')),
      );
    }
    const names = Array.from({ length: PARALLEL }, (_, index) => `p${String(index)}`);
    const together = [await loadAndWait(stack, reference, names)];
    const single = compareRounds(
      { name: 'start to first HTTP 200', unit: 'ms', better: 'lower', target: 1.2 },
      ours,
      theirs,
    );
    const parallel = compareRounds(
      { name: `${String(PARALLEL)} starts at once`, unit: 'ms', better: 'lower', target: 8 },
      together,
      { 'one start': ours },
    );
    return [single, parallel];
  } finally {
    await stack.stop();
    await stack.remove();
  }
}

const CTR_NAME = 'localhost/bench/httpd:latest';

/** Loads workloads and waits until each has answered; then removes them. @returns milliseconds */
async function loadAndWait(
  stack: LauncherStack,
  reference: string,
  names: readonly string[],
): Promise<number> {
  const time = await timed(async () => {
    await Promise.all(
      names.map(async (name, index) => {
        const port = 9_000 + index;
        const accepted = await stack.api('POST', '/api/v1/containers', {
          container: {
            name,
            image: reference,
            port,
            command: ['/bin/busybox', 'httpd', '-f', '-p', String(port), '-h', '/etc'],
            isolation: { init: false },
          },
        });
        if (accepted.status !== 202) throw new Error(JSON.stringify(accepted.body));
        const { ip } = await waitFor(() => addressOf(stack, name), { ...SOON, what: `${name}` });
        await waitFor(() => answers(ip, port), { ...SOON, what: `an answer of ${name}` });
      }),
    );
  });
  for (const name of names) await stack.api('DELETE', `/api/v1/containers/${name}`);
  return time;
}

async function addressOf(
  stack: LauncherStack,
  name: string,
): Promise<{ readonly ip: string } | undefined> {
  const found = (await stack.status(name)) as { address?: string } | undefined;
  const ip = found?.address?.split(':')[0];
  return ip === undefined ? undefined : { ip };
}

async function answers(host: string, port: number): Promise<boolean> {
  const answer = await fetch(`http://${host}:${String(port)}/passwd`).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.status === 200;
}

/** From nothing to an image that is ready to run, from a registry on loopback. */
async function pullCase(): Promise<BenchCase> {
  const stage = await containerdStage();
  const logger = createLogger({ name: 'bench', level: 'silent' });
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    const { engine } = await stage.open();
    for (let round = 0; round < PULL_ROUNDS; round += 1) {
      const large = largeImage();
      const tag = `r${String(round)}`;
      const reference = registry.add('bench/large', large, tag);
      const store = await ImageStore.open({
        directory: join(directory, `images-${tag}`),
        registries: [],
        logger,
      });
      ours.push(
        await timed(async () => {
          const { signal } = new AbortController();
          const verified = await store.pull(reference, { signal });
          await engine.unpack(verified, { signal, onProgress: () => undefined });
        }),
      );
      theirs.push(
        await timed(() =>
          podman('pull', '--quiet', '--tls-verify=false', `${registry.host}/bench/large:${tag}`),
        ),
      );
      await engine.removeImage(large.pin);
      await store.close();
      await podman('rmi', '--all', '--force');
    }
  } finally {
    await stage.close();
  }
  return compareRounds(
    {
      name: `pull of ${String(PULL_MIB)} MB, ready to run`,
      unit: 'ms',
      better: 'lower',
      target: 1.3,
    },
    ours,
    { podman: theirs },
  );
}

/** Four layers that compress to about half, as programs do. */
function largeImage(): BuiltImage {
  const half = (PULL_MIB / 8) * 1024 * 1024;
  const layers = Array.from({ length: 4 }, (_, index) => ({
    entries: [
      {
        name: `data-${String(index)}`,
        content: Buffer.concat([randomBytes(half * 2), Buffer.alloc(half)]),
      },
    ],
  }));
  return busyboxImage({ layers });
}

/** `ctr` with the launcher's own containerd and the same image. */
async function importForCtr(
  stack: LauncherStack,
): Promise<(...args: readonly string[]) => Promise<string>> {
  await writeDockerArchive(image, join(directory, 'image.tar'));
  const warm = registry.add('bench/httpd', image);
  // The first container starts containerd.
  await loadAndWait(stack, warm, ['first']);
  const socket = join(stack.runDir, 'containerd/containerd.sock');
  const ctr = async (...args: readonly string[]): Promise<string> =>
    (await run('ctr', ['-a', socket, '-n', 'bench', ...args])).stdout;
  await ctr('image', 'import', join(directory, 'image.tar'));
  return ctr;
}

/** An OCI layout with a name in it, as `docker save` writes it. */
async function writeDockerArchive(built: BuiltImage, file: string): Promise<void> {
  const layout = await mkdtemp(join(directory, 'layout-'));
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  for (const blob of built.blobs) {
    await writeFile(join(layout, 'blobs/sha256', blob.digest.slice('sha256:'.length)), blob.bytes);
  }
  const { mediaType, digest, size } = built.manifest;
  const names = {
    'io.containerd.image.name': CTR_NAME,
    'org.opencontainers.image.ref.name': CTR_NAME,
  };
  const manifests = [{ mediaType, digest, size, annotations: names }];
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await run('tar', ['-C', layout, '-cf', file, '.']);
}

/** podman with storage of its own and the settings that this kind of machine needs. */
async function privatePodman(
  base: string,
): Promise<(...args: readonly string[]) => Promise<string>> {
  const at = (name: string): string => join(base, 'podman', name);
  await mkdir(at('.'), { recursive: true });
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, most = '1024'] = /Max open files\s+\S+\s+(\d+)/u.exec(limits) ?? [];
  const ulimit = `"nofile=${most}:${most}", "nproc=4096:4096"`;
  await writeFile(at('containers.conf'), CONTAINERS_CONF.replace('ULIMITS', ulimit));
  await writeFile(
    at('storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${at('root')}"\nrunroot = "${at('run')}"\n`,
  );
  const env = {
    ...process.env,
    CONTAINERS_CONF: at('containers.conf'),
    CONTAINERS_STORAGE_CONF: at('storage.conf'),
    TMPDIR: base,
  };
  return async (...args) => (await run('podman', args, { env, cwd: base })).stdout;
}

const CONTAINERS_CONF = `[containers]
default_ulimits = [ULIMITS]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
image_copy_tmp_dir = "storage"
`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
