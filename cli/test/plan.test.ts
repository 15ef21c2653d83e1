// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { proofgate, proofgateOk } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const directory = testDirectory();
const pki = directory.file('pki');

/** A config file of one workload and one route; as JSON, which is YAML. */
function config(
  change: Record<string, unknown> = {},
  platform: Record<string, unknown> = {},
): string {
  return JSON.stringify(
    {
      version: '1',
      platform: {
        machine_name: 'prod1',
        hostname: 'example.com',
        tee: 'simulated',
        ca_cert: join(pki, 'intermediary.pem'),
        ca_key: join(pki, 'intermediary.key'),
        image_profile_file: directory.file('no-profile'),
        ...platform,
      },
      containers: [
        { name: 'app', runtime: 'process', command: [process.execPath, '--version'], port: 8001 },
      ],
      routes: [{ hostname: 'legacy.prod1.example.com', upstream: 'http://127.0.0.1:9000' }],
      ...change,
    },
    null,
    2,
  );
}

beforeAll(async () => {
  await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
  await proofgateOk('ca', 'intermediary', '--dir', pki, '--domain', 'prod1.example.com');
});

it('prints what people read and what programs read, and both agree', async () => {
  const file = directory.write('good.yaml', config());
  const text = await proofgateOk('plan', '-c', file);
  const plan = JSON.parse(await proofgateOk('plan', '-c', file, '--json')) as {
    readonly platform: { readonly root: string };
    readonly hosts: readonly { readonly hostname: string; readonly kind: string }[];
    readonly rtmr3: string;
  };
  expect(plan.rtmr3).toMatch(/^[0-9a-f]{96}$/);
  expect(plan.hosts.map(({ hostname, kind }) => [hostname, kind])).toEqual([
    ['manager.prod1.example.com', 'platform'],
    ['app.prod1.example.com', 'workload'],
    ['legacy.prod1.example.com', 'route'],
  ]);
  for (const part of [plan.platform.root, plan.rtmr3, 'legacy.prod1.example.com  route']) {
    expect(text).toContain(part);
  }
});

it('tells what containers may have and where they are less confined than they could be', async () => {
  const image = `ghcr.io/example/app@sha256:${'a'.repeat(64)}`;
  const file = directory.write(
    'containers.yaml',
    config({
      containers: [
        { name: 'strict', image, port: 8001 },
        {
          name: 'loose',
          image,
          port: 8002,
          resource_memory_mb: 0,
          isolation: { egress: 'internet', pids: 7, read_only_root: false },
        },
      ],
    }),
  );
  const text = await proofgateOk('plan', '-c', file);
  const { workloads } = JSON.parse(await proofgateOk('plan', '-c', file, '--json')) as {
    readonly workloads: readonly { readonly imageDigest: string; readonly optOuts: string[] }[];
  };
  const [strict, loose] = workloads;
  expect(strict).toMatchObject({
    imageDigest: 'a'.repeat(64),
    limits: { memoryMb: 1_024, vcpus: 1, pids: 256, nofile: 4_096, tmpBytes: 67_108_864 },
    optOuts: [],
  });
  expect(loose).toMatchObject({ limits: { memoryMb: null, pids: 7 } });
  expect(loose?.optOuts).toHaveLength(3);
  for (const phrase of [...(loose?.optOuts ?? []), 'the strictest', 'all memory, 1 CPU, 7 proc']) {
    expect(text).toContain(phrase);
  }
});

it.for<[name: string, content: string, complaint: RegExp]>([
  ['an unknown key', config({}, { hostnme: 'x' }), /:\d+:\d+: platform.*did you mean "hostname"/],
  ['no YAML', 'version: "1"\n  platform: [', /:2:\d+: /],
  ['a wrong version', config({ version: 2 }), /:2:\d+: version/],
])('refuses %s with its position', async ([name, content, complaint]) => {
  const file = directory.write(`${name}.yaml`, content);
  const { exitCode, out, err } = await proofgate('plan', '-c', file);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain('ERR_DAEMON_CONFIG_INVALID');
  expect(err).toMatch(complaint);
});

it.for<[name: string, code: string, file: () => string]>([
  ['no file', 'ERR_CLI_FILE', () => directory.file('absent.yaml')],
  [
    'no CA',
    'ERR_DAEMON_FILE_MISSING',
    () => directory.write('no-ca.yaml', config({}, { ca_cert: '/nothing/here' })),
  ],
])('cannot plan with %s', async ([, code, file]) => {
  const { exitCode, out, err } = await proofgate('plan', '-c', file());
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(code);
});

it.for(['up', 'proxy', 'launcher', 'simulator'])('%s --check checks and stops', async (command) => {
  const good = directory.write('check.yaml', config());
  expect(await proofgate(command, '-c', good, '--check')).toEqual({
    exitCode: 0,
    out: '',
    err: '',
  });
  const bad = directory.write('check-bad.yaml', config({ version: '2' }));
  expect(await proofgate(command, '-c', bad, '--check')).toMatchObject({ exitCode: 2, out: '' });
  const absent = directory.file('absent.yaml');
  expect(await proofgate(command, '-c', absent, '--check')).toMatchObject({ exitCode: 2 });
});
