// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { runCommandLine } from '@proofgate/cli';
import { describe, expect, it, vi } from 'vitest';

import { NOW, type Outcome } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import { schemaOf, violations } from './support/json-schema.ts';
import { containerStatus, managedVm, problem } from './support/managed-vm.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const directory = testDirectory();
const localVm = () => managedVm(directory);

const WEB = `name: web
image: registry.example.com/web@sha256:${'ab'.repeat(32)}
port: 8000
health_check: { http: "http://127.0.0.1:8000/healthz" }
`;

describe('load', () => {
  const load = (run: (...args: string[]) => Promise<Outcome>, text: string, ...more: string[]) =>
    run('load', '-f', directory.write('load.yaml', text), ...more);
  const loading = (status: 'pulling' | 'starting' | 'running', bytes?: number) =>
    containerStatus('web', {
      status,
      ...(bytes === undefined
        ? {}
        : { pull_progress: { total_bytes: 2_000_000, downloaded_bytes: bytes } }),
    });

  it('sends what the file says and waits until it is up', async () => {
    const { vm, run } = await localVm();
    vm.status = [
      [loading('pulling', 0)],
      [loading('pulling', 1_000_000)],
      [loading('running')],
      [containerStatus('web')],
    ];
    const { exitCode, out, err } = await load(run, WEB);
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'LOADED  web' });
    expect(err.split('\n')).toEqual(['web: pulling', 'web: running', 'web: healthy']);
    expect(vm.requests[0]?.line).toBe('POST /api/v1/containers');
    expect(vm.requests[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(vm.requests[0]?.body ?? '')).toEqual({
      name: 'web',
      image: `registry.example.com/web@sha256:${'ab'.repeat(32)}`,
      port: 8000,
      health_check: { http: 'http://127.0.0.1:8000/healthz' },
    });
  });

  it('is done when a workload without a health check runs, or has run', async () => {
    for (const status of ['running', 'stopped'] as const) {
      const { vm, run } = await localVm();
      vm.status = [[containerStatus('job', { status })]];
      const text = 'name: job\nruntime: process\ncommand: [/bin/true]\nport: 1\n';
      expect((await load(run, text)).exitCode).toBe(0);
    }
  });

  it('waits for the next version of a workload, and not for the one that serves', async () => {
    const { vm, run } = await localVm();
    const old = { spec_digest: 'cd'.repeat(32) };
    const replacement = { image: 'x', spec_digest: 'ab'.repeat(32), status: 'starting' } as const;
    vm.status = [
      [containerStatus('web', { ...old })],
      [containerStatus('web', { ...old, replacement })],
      [containerStatus('web')],
    ];
    expect(await load(run, WEB)).toMatchObject({ exitCode: 0, out: 'LOADED  web' });
    const failed = { ...replacement, status: 'failed', error: 'not ready' } as const;
    vm.status = [[containerStatus('web', { ...old, replacement: failed })]];
    expect(await load(run, WEB)).toMatchObject({ exitCode: 1, out: 'FAILED  web  not ready' });
  });

  it('says what became of a workload that failed, or is gone, or is late', async () => {
    const { vm, run } = await localVm();
    vm.status = [[containerStatus('web', { status: 'failed', error: 'no such image' })]];
    expect(await load(run, WEB)).toMatchObject({ exitCode: 1, out: 'FAILED  web  no such image' });
    vm.status = [[]];
    expect(await load(run, WEB)).toMatchObject({
      exitCode: 1,
      out: 'FAILED  web  it was unloaded',
    });
    vm.status = [[loading('pulling', 1)]];
    const late = await load(run, WEB, '--timeout', '0s');
    expect(late).toMatchObject({ exitCode: 20, out: 'NOT YET UP  web' });
  });

  it('loads all workloads of a config file, in either form', async () => {
    const { vm, run } = await localVm();
    vm.status = [[containerStatus('web'), containerStatus('two')]];
    const text = `version: "1"
platform: { ca_cert: x, ca_key: y }
containers:
  - ${WEB.trim().replaceAll('\n', '\n    ')}
  - name: two
    image: registry.example.com/two@sha256:${'ab'.repeat(32)}
    port: 8001
    resources: { vcpus: 1, memory_mb: 64 }
`;
    const { exitCode, out } = await load(run, text, '--json');
    expect(exitCode).toBe(0);
    const report = JSON.parse(out) as { loads: { name: string }[]; containers: unknown[] };
    expect(report.loads.map(({ name }) => name)).toEqual(['web', 'two']);
    expect(report.containers).toHaveLength(2);
    expect(violations(schemaOf('load'), report)).toEqual([]);
    expect(JSON.parse(vm.requests[1]?.body ?? '')).toMatchObject({ resources: { vcpus: 1 } });
  });

  it('need not wait', async () => {
    const { vm, run } = await localVm();
    const text = await load(run, WEB, '--no-wait');
    expect(text).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^loading web {2}reg/u) as string,
    });
    const json = await load(run, WEB, '--no-wait', '--json');
    expect(violations(schemaOf('load'), JSON.parse(json.out))).toEqual([]);
    expect(vm.requests.map(({ line }) => line)).toEqual(Array(2).fill('POST /api/v1/containers'));
  });

  it.for([
    ['5:8', `${WEB}portt: 1\n`, 'portt: is unknown'],
    ['3:7', WEB.replace('8000', '8080'), 'port: port 8080 is reserved'],
    ['2:8', WEB.replace('@sha256:', ':'), 'image: image '],
    ['2:24', 'containers:\n  - { name: web, port: x }\n', 'containers[0].port'],
    ['1:1', 'containers: []\n', 'names no workload'],
    ['1:1', '[]\n', 'expected object'],
    ['1:1', 'contaners: []\n', 'name: is missing'],
    [
      '2:4',
      'containers: [{ name: a, runtime: process, command: [/a], port: 1 }]\nx: 1\n',
      'x: is unknown',
    ],
  ])('is refused here when the file is wrong, at %s', async ([position, text, complaint]) => {
    const { vm, run } = await localVm();
    const { exitCode, err } = await load(run, text!);
    expect(exitCode).toBe(2);
    expect(err).toContain(`load.yaml:${position!}`);
    expect(err).toContain(complaint);
    expect(vm.requests).toEqual([]);
  });

  it('shows every field that the VM finds wrong', async () => {
    const { vm, run } = await localVm();
    vm.problem = problem(409, 'ERR_LAUNCHER_REQUEST_REFUSED', {
      errors: [{ pointer: '/port', detail: 'port 8000 is taken by db' }],
    });
    const { exitCode, out, err } = await load(run, WEB);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err.split('\n')).toEqual([
      'ERR_CLI_MANAGEMENT_REFUSED: the VM refuses the request',
      '  seen      HTTP status 409, ERR_LAUNCHER_REQUEST_REFUSED',
      '  /port  port 8000 is taken by db',
    ]);
  });

  it('draws bars where a person watches', async () => {
    const { vm, socket } = await localVm();
    vm.status = [[loading('pulling', 500_000)], [loading('starting')], [containerStatus('web')]];
    const stderr = Object.assign(new PassThrough(), { isTTY: true });
    let drawn = '';
    stderr.on('data', (chunk: Buffer) => (drawn += chunk.toString()));
    const file = directory.write('web.yaml', WEB);
    const exitCode = await runCommandLine(['load', '-f', file, '--socket', socket], {
      terminal: { out: () => undefined, err: () => undefined, colour: true },
      env: {},
      stdin: new PassThrough(),
      stderr,
      now: () => NOW,
    });
    expect(exitCode).toBe(0);
    expect(drawn.split('\n')).toEqual([
      'web  pulling  [######..................]   25%  500 kB of 2.0 MB\u001b[K',
      '\u001b[1Aweb  starting\u001b[K',
      '\u001b[1Aweb  healthy\u001b[K',
      '',
    ]);
  });
});
