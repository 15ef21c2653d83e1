// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_MEASURED_FILE_BYTES, measureProgram } from '../src/process/measured-program.ts';
import { measureWorkload } from '../src/measurement/measure-workload.ts';
import { processWorkload, temporaryDirectory, writeProgram } from './fixtures.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the program of a process workload', () => {
  test('is every regular file that the command line names by absolute path', async () => {
    const dir = await temporaryDirectory();
    const program = await writeProgram(dir, 'program', 'binary');
    const script = await writeProgram(dir, 'script', 'text');
    await mkdir(join(dir, 'directory'));
    const command = [program, script, join(dir, 'directory'), join(dir, 'later'), 'x', script];
    const measured = await measureProgram('app', command);
    expect(measured.files).toEqual([
      { path: program, sha256: sha256('binary') },
      { path: script, sha256: sha256('text') },
    ]);
    // RFC 8785: members in the order of their names, no spaces.
    const canonical = JSON.stringify({
      command,
      files: measured.files.map(({ path, sha256: digest }) => ({ path, sha256: digest })),
    });
    expect(measured.digest).toBe(sha256(canonical));
  });

  test('changes with a script, also behind a symbolic link, and with an argument', async () => {
    const dir = await temporaryDirectory();
    const script = await writeProgram(dir, 'script', 'one');
    const link = join(dir, 'link');
    await symlink(script, link);
    const first = await measureProgram('app', [link]);
    expect(await measureProgram('app', [link])).toEqual(first);
    await writeFile(script, 'two');
    const second = await measureProgram('app', [link]);
    const third = await measureProgram('app', [link, '--flag']);
    expect(new Set([first.digest, second.digest, third.digest]).size).toBe(3);
  });

  test.each([[[]], [['node']], [['./node']]])('is refused for %j', async (command) => {
    await expect(measureProgram('app', command)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_COMMAND_INVALID',
    });
  });

  test('is refused when missing, not a file or too large', async () => {
    const dir = await temporaryDirectory();
    const code = 'ERR_LAUNCHER_FILE_UNREADABLE';
    await expect(measureProgram('app', [join(dir, 'no')])).rejects.toMatchObject({ code });
    await expect(measureProgram('app', [dir])).rejects.toMatchObject({ code });
    const large = await writeProgram(dir, 'large', '');
    await truncate(large, MAX_MEASURED_FILE_BYTES + 1);
    await expect(measureProgram('app', [large])).rejects.toMatchObject({ code });
    await expect(measureProgram('app', [process.execPath, large])).rejects.toMatchObject({ code });
  });
});

describe('a workload', () => {
  test('has a specification digest over all that its process is told', async () => {
    const command = [process.execPath];
    const variants = [
      { command },
      { command, name: 'other' },
      { command, port: 2 },
      { command, env: { A: '1' } },
      { command, working_dir: '/tmp' },
      { command, user: '1:2' },
      { command: [...command, '--x'] },
      { command, clients: 'required', client_policy: { version: 1, tee: 'tdx' } },
      { command, clients: 'optional', client_policy: { version: 1, tee: 'tdx' } },
      { command, clients: 'required', client_policy: { version: 1, tee: 'sgx' } },
    ];
    const digests = await Promise.all(
      variants.map(
        async (fields) => (await measureWorkload(processWorkload(fields), false)).specDigest,
      ),
    );
    expect(new Set(digests).size).toBe(variants.length);
    const sameForTheProcess = processWorkload({ command, restart: { policy: 'never' } });
    expect((await measureWorkload(sameForTheProcess, false)).specDigest).toBe(digests[0]);
  });

  test.each([
    [{ env: { PORT: '1' } }, 'ERR_LAUNCHER_ENV_RESERVED'],
    [{ env: { PROOFGATE_WORKLOAD: 'x' } }, 'ERR_LAUNCHER_ENV_RESERVED'],
    [{ env: { PROOFGATE_WORKLOAD_SOCKET: 'x' } }, 'ERR_LAUNCHER_ENV_RESERVED'],
    [{ clients: 'required', client_policy: { version: 1 } }, 'ERR_LAUNCHER_CLIENT_POLICY'],
    [{ clients: 'required', client_policy: { tee: 'tdx' } }, 'ERR_LAUNCHER_CLIENT_POLICY'],
    [{ volumes: ['/a:/b'] }, 'ERR_LAUNCHER_SETTING_UNSUPPORTED'],
    [{ devices: ['/dev/null'] }, 'ERR_LAUNCHER_SETTING_UNSUPPORTED'],
    [{ storage: '1GiB' }, 'ERR_LAUNCHER_SETTING_UNSUPPORTED'],
    [{ resource_vcpus: 1 }, 'ERR_LAUNCHER_SETTING_UNSUPPORTED'],
    [{ resource_memory_mb: 1 }, 'ERR_LAUNCHER_SETTING_UNSUPPORTED'],
    [
      { dependencies: { entries: [{ app_id: '', measurements: [] }] } },
      'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    ],
    [
      { ingress_allowed_callers: { entries: [{ app_id: '', measurements: [] }] } },
      'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    ],
  ])('is refused with %j', async (fields, code) => {
    const workload = processWorkload({ command: [process.execPath], ...fields });
    await expect(measureWorkload(workload, false)).rejects.toMatchObject({ code });
  });
});
