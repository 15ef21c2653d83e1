// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { verifyConfinement } from '../../launcher/src/container/confinement/verify-confinement.ts';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink } from './support/memory-sink.ts';
import { podmanContainers, type PodmanContainers } from './support/podman-containers.ts';

let containers: PodmanContainers;
let engine: ContainerEngine;
let image: VerifiedImage;

beforeAll(async () => {
  containers = await podmanContainers();
  ({ engine, image } = containers);
});

afterAll(() => containers.stage.close());

const sh = (script: string, fields: Partial<ContainerSpec> = {}): ContainerSpec =>
  containers.sh(script, fields);
const outputOf = (spec: ContainerSpec): Promise<string> => containers.outputOf(spec);

test('a container is confined before any of its code runs', async () => {
  const spec = sh('echo ran; sleep 100', {
    additionalGids: [10_002],
    capabilities: ['CAP_NET_BIND_SERVICE'],
    mounts: [
      { kind: 'tmpfs', target: '/tmp', sizeBytes: 65_536, mode: 0o1777 },
      {
        kind: 'bind',
        source: containers.stage.directory,
        target: '/host',
        readOnly: true,
        exec: false,
      },
    ],
  });
  const logs = memorySink();
  const { pid } = await engine.create(spec, image, logs);
  await verifyConfinement(pid!, spec);
  expect(await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).toContain('runc\0init');
  const limits = await readFile(`/proc/${String(pid)}/limits`, 'utf8');
  expect(limits).toMatch(/^Max open files +1024 +1024 /m);
  expect(limits).toMatch(/^Max core file size +0 +0 /m);
  expect(logs.text('stdout')).toBe('');
  await engine.start(spec.id);
  await waitFor(() => logs.text('stdout') === 'ran\n', { timeoutMs: 5_000 });
  await verifyConfinement(pid!, spec);
  await engine.remove(spec.id);
});

test('a container without masks, filter and no-new-privileges has none', async () => {
  const script =
    'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; grep -c " /proc/keys " /proc/self/mountinfo';
  const open = { maskedPaths: false, seccomp: 'unconfined', noNewPrivileges: false } as const;
  expect(await outputOf(sh(script, open))).toBe('NoNewPrivs:\t0\nSeccomp:\t0\n0\n');
});

test('a container sees nothing but what its specification says', async () => {
  const spec = sh('env; id; pwd; ls /sys/fs/cgroup; hostname; ls /data', {
    env: ['A=1', 'PATH=/bin', 'B=x=y'],
    cwd: '/made/for/it',
    hostname: 'named',
    uid: 12_345,
    gid: 12_346,
  });
  const output = await outputOf(spec);
  const environment = output.split('\n').filter((line) => line.includes('='));
  // The shell's own, and what podman and runc add to every container.
  const others = /^(PWD|SHLVL|HOME|HOSTNAME|uid)=/;
  expect(environment.filter((line) => !others.test(line)).sort()).toEqual([
    'A=1',
    'B=x=y',
    'PATH=/bin',
  ]);
  expect(output).toContain('uid=12345 gid=12346 groups=12346\n/made/for/it\nnamed\n');
});

test('the root is read-only, and temporary file systems are only those that were asked for', async () => {
  const script =
    'touch /x /run/x /var/tmp/x 2>&1; touch /tmp/x && echo ok; dd if=/dev/zero of=/tmp/y bs=1k count=100 2>&1';
  const mounts = [{ kind: 'tmpfs', target: '/tmp', sizeBytes: 65_536, mode: 0o1777 }] as const;
  const output = await outputOf(sh(script, { mounts }));
  expect(output).toMatch(/touch: \/x: Read-only file system/);
  expect(output).toMatch(/touch: \/run\/x: (Read-only file system|Permission denied)/);
  expect(output).toMatch(/^ok$/m);
  expect(output).toMatch(/No space left on device/);
});

test('the network is loopback alone', async () => {
  expect(await outputOf(sh('ls /sys/class/net; cat /sys/class/net/lo/operstate'))).toBe(
    'lo\nunknown\n',
  );
});

test('a user namespace maps ids to those of the machine that were asked for', async () => {
  const spec = sh('id -u; sleep 100', { userNamespaceBase: 200_000 });
  const { pid } = await engine.create(spec, image, memorySink());
  await verifyConfinement(pid!, spec);
  const map = await readFile(`/proc/${String(pid)}/uid_map`, 'utf8');
  expect(map.trim().split(/\s+/)).toEqual(['0', '200000', '65536']);
  await engine.remove(spec.id);
});
