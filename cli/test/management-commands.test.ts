// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';

import { proofgate, proofgateWith } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import { schemaOf, violations } from './support/json-schema.ts';
import { containerStatus, managedVm, problem } from './support/managed-vm.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const directory = testDirectory();
const localVm = () => managedVm(directory);

describe('ps', () => {
  it('shows every workload in a table, and below it what is wrong', async () => {
    const { vm, run } = await localVm();
    vm.status = [
      [
        containerStatus('web', { port: 8000, hostname: 'web.example.com' }),
        containerStatus('db', {
          status: 'pulling',
          pull_progress: { total_bytes: 200, downloaded_bytes: 90 },
          restarts: 12,
        }),
        containerStatus('broken', { status: 'failed', error: 'not started: no such image' }),
        containerStatus('next', {
          awaiting_config: true,
          replacement: {
            image: 'x',
            spec_digest: 'cd'.repeat(32),
            status: 'failed',
            error: 'not ready after 5000 ms',
          },
          engine: {
            name: 'podman',
            oom_reports: false,
            user_namespaces: true,
            checked_before_start: true,
          },
        }),
      ],
    ];
    const { exitCode, out, err } = await run('ps');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.split('\n')).toEqual([
      'NAME    STATUS                                ENGINE  RESTARTS  PORT  HOST             IMAGE',
      'web     healthy                               -       0         8000  web.example.com  registry.example.com/web@abababababab',
      'db      pulling 45%                           -       12        -     -                registry.example.com/db@abababababab',
      'broken  failed                                -       0         -     -                registry.example.com/broken@abababababab',
      'next    healthy, next failed, not configured  podman  0         -     -                registry.example.com/next@abababababab',
      'broken: not started: no such image',
      'next, next version: not ready after 5000 ms',
      'podman does not report when memory ran out',
    ]);
  });

  it('prints JSON that fits its schema', async () => {
    const { vm, run } = await localVm();
    const all = [
      containerStatus('web', {
        pid: 1,
        started_at: '2026-11-20T12:00:00.000Z',
        last_exit: { kind: 'exited', message: 'exited with code 3', exit_code: 3 },
        pull_progress: { total_bytes: 1, downloaded_bytes: 1, unpacked_fraction: 0.5 },
      }),
    ];
    vm.status = [all];
    const { out } = await run('ps', '--json');
    expect(JSON.parse(out)).toEqual(all);
    expect(violations(schemaOf('ps'), JSON.parse(out))).toEqual([]);
    expect(violations(schemaOf('ps'), [{ ...all[0], status: 'fine' }])).not.toEqual([]);
  });

  it('says when there is nothing, and cannot write to the terminal', async () => {
    const { vm, socket, run } = await localVm();
    expect((await run('ps')).out).toBe('no workloads');
    vm.status = [[containerStatus('web', { image: 'x\u001b[2J', status: 'unhealthy' })]];
    expect((await run('ps')).out).toContain('x\\u{1b}[2J');
    const { out } = await proofgateWith({ colour: true }, 'ps', '--socket', socket);
    expect(out).toContain('\u001b[33mweb');
  });
});

describe('unload', () => {
  it('ends a workload', async () => {
    const { vm, run } = await localVm();
    expect(await run('unload', 'web')).toMatchObject({ exitCode: 0, out: 'unloaded web' });
    expect(vm.requests[0]?.line).toBe('DELETE /api/v1/containers/web');
    const { out } = await run('unload', 'web', '--json');
    expect(violations(schemaOf('unload'), JSON.parse(out))).toEqual([]);
  });

  it.for(['Web', '../x', 'a/b', '', '-x', 'web?x=1'])(
    'takes no name that is none: "%s"',
    async (name) => {
      const { vm, run } = await localVm();
      const args = name.startsWith('-') ? ['unload', '--', name] : ['unload', name];
      expect((await run(...args.slice(0, 1), ...args.slice(1))).exitCode).toBe(2);
      expect(vm.requests).toEqual([]);
    },
  );
});

describe('volumes', () => {
  it('shows how each is encrypted and who has it', async () => {
    const { vm, run } = await localVm();
    expect((await run('volumes')).out).toBe('no volumes');
    vm.volumes = [
      {
        ...{ name: 'db', lv_name: 'vol-db', size_mb: 1_024, mounted: true, used_mb: 12 },
        ...{ avail_mb: 900, kind: 'luks2', key_origin: 'generated', used_by: ['db'] },
      },
      {
        ...{ name: 'cache', lv_name: 'vol-cache', size_mb: 9_537, mounted: true },
        ...{ kind: 'directory', used_by: ['web', 'api'] },
      },
      { name: 'old', lv_name: 'vol-old', size_mb: 1, mounted: false },
    ];
    const { exitCode, out } = await run('volumes');
    expect(exitCode).toBe(0);
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
      'NAME   SIZE     USED     FREE    ENCRYPTION  KEY        USED BY',
      'db     1.1 GB   12.6 MB  944 MB  luks2       generated  db',
      'cache  10.0 GB  -        -       none        -          web, api',
      'old    1.0 MB   -        -       -           -          -',
    ]);
    const json: unknown = JSON.parse((await run('volumes', '--json')).out);
    expect(json).toEqual({ volumes: vm.volumes });
    expect(violations(schemaOf('volumes'), json)).toEqual([]);
  });
});

describe('logs', () => {
  it('says why a log that was followed has ended', async () => {
    const { vm, run } = await localVm();
    vm.lines = [
      { stream: 'stdout', text: 'last' },
      { stream: 'launcher', text: 'the workload was unloaded' },
    ];
    expect((await run('logs', 'web', '-f')).out).toBe('last\n-- the workload was unloaded');
    const { out } = await run('logs', 'web', '-f', '--json');
    expect(out.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(vm.lines);
  });

  it('prints lines with their time, harmless for a terminal', async () => {
    const { vm, run } = await localVm();
    vm.lines = [
      { stream: 'stdout', time: '2026-11-20T12:00:00.000Z', text: 'ready\t1' },
      { stream: 'stderr', text: '\u001b[31mred\u001b[0m' },
    ];
    const { exitCode, out } = await run('logs', 'web');
    expect({ exitCode, out }).toEqual({
      exitCode: 0,
      out: '2026-11-20T12:00:00.000Z ready\t1\n\\u{1b}[31mred\\u{1b}[0m',
    });
    expect(vm.requests[0]?.line).toBe(
      'GET /api/v1/containers/web/logs?stream=all&tail_bytes=65536&follow=false',
    );
    expect(vm.requests[0]?.headers.accept).toBe('application/x-ndjson');
  });

  it('asks for what the options say, and prints JSON line by line', async () => {
    const { vm, run } = await localVm();
    vm.lines = [{ stream: 'stderr', text: '\u001b[31m' }];
    const { out } = await run('logs', 'web', '-f', '--stream', 'stderr', '--tail', '10', '--json');
    expect(vm.requests[0]?.line).toContain('stream=stderr&tail_bytes=10&follow=true');
    expect(JSON.parse(out)).toEqual(vm.lines[0]);
    expect(out).not.toContain('\u001b');
    expect(violations(schemaOf('logs'), JSON.parse(out))).toEqual([]);
  });
});

describe('exec', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('prints what the program printed', async () => {
    const { vm, run } = await localVm();
    vm.exec = { exit_code: 0, stdout_b64: base64('a\tb\nc\n'), stderr_b64: base64('warn\u0007') };
    const { exitCode, out, err } = await run('exec', '--timeout', '5', 'web', 'ls');
    expect({ exitCode, out, err }).toEqual({ exitCode: 0, out: 'a\tb\nc\n', err: 'warn\\u{7}' });
    expect(vm.requests[0]?.line).toBe('POST /api/v1/containers/web/exec');
    expect(JSON.parse(vm.requests[0]?.body ?? '')).toEqual({ command: ['ls'], timeout_seconds: 5 });
  });

  it('passes options of the program on', async () => {
    const { vm, socket } = await localVm();
    vm.exec = { exit_code: 0, stdout_b64: '', stderr_b64: '' };
    const outcome = await proofgate('exec', '--socket', socket, 'web', '--', 'ls', '-l', '--json');
    expect(outcome).toEqual({ exitCode: 0, out: '', err: '' });
    expect(JSON.parse(vm.requests[0]?.body ?? '')).toMatchObject({
      command: ['ls', '-l', '--json'],
    });
  });

  it.for([
    [3, 'ls exited with code 3'],
    [null, 'ls was ended after 60 s'],
  ] as const)('fails with the program: %s', async ([exit_code, complaint]) => {
    const { vm, run } = await localVm();
    vm.exec = { exit_code, stdout_b64: '', stderr_b64: '' };
    expect(await run('exec', 'web', 'ls')).toEqual({ exitCode: 1, out: '', err: complaint });
    const json = await run('exec', 'web', 'ls', '--json');
    expect(violations(schemaOf('exec'), JSON.parse(json.out))).toEqual([]);
  });

  it('is not possible where the VM does not allow it', async () => {
    const { vm, run } = await localVm();
    vm.problem = problem(403, 'ERR_LAUNCHER_EXEC_DISABLED');
    const { exitCode, err } = await run('exec', 'web', 'ls');
    expect(exitCode).toBe(2);
    expect(err).toContain('ERR_LAUNCHER_EXEC_DISABLED');
  });
});

describe('a VM that does not answer as it should', () => {
  it('is unavailable', async () => {
    const { vm, run } = await localVm();
    for (const nonsense of ['<html>', '{}', '[{"name":"x"}]']) {
      vm.nonsense = nonsense;
      expect((await run('ps')).exitCode).toBe(20);
    }
    vm.nonsense = undefined;
    vm.problem = problem(503, 'ERR_LAUNCHER_ENGINE_UNAVAILABLE');
    const { exitCode, err } = await run('ps');
    expect(exitCode).toBe(20);
    expect(err).toContain('the VM cannot do this now: because');
    expect((await proofgate('ps', '--socket', directory.file('none.sock'))).exitCode).toBe(20);
  });

  it('is looked for where the config file says', async () => {
    const config = directory.write(
      'vm.yaml',
      `version: "1"\nplatform: { ca_cert: x, ca_key: y, run_dir: ${directory.file('elsewhere')} }\n`,
    );
    const { exitCode, err } = await proofgate('ps', '-c', config);
    expect(exitCode).toBe(20);
    expect(err).toContain(directory.file('elsewhere', 'launcher.sock'));
  });
});

it.for([
  [
    "option '--url <url>' cannot be used with option '--socket <path>'",
    'ps',
    '--url',
    'https://x',
    '--socket',
    'y',
  ],
  [
    "option '--socket <path>' cannot be used with option '-c, --config <file>'",
    'ps',
    '--socket',
    'y',
    '-c',
    'z',
  ],
  ["required option '-f, --file <file>'", 'load'],
  ['expected a whole number with a unit', 'load', '-f', 'x', '--timeout', '5'],
  ["missing required argument 'name'", 'unload'],
  ["missing required argument 'command'", 'exec', 'web'],
  ['expected a number from 1 to 240', 'exec', 'web', 'ls', '--timeout', '241'],
  ['Allowed choices are stdout, stderr, all', 'logs', 'web', '--stream', 'both'],
  ['expected a number from 0 to 1048576', 'logs', 'web', '--tail', '-1'],
])('refuses a wrong command line: %s', async ([complaint, ...args]) => {
  const { exitCode, out, err } = await proofgate(...args);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(complaint);
});
