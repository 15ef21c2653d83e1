// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statusAnswerSchema } from '@proofgate/api';
import type { ExitReason, WorkloadSummary } from '@proofgate/launcher';
import { describe, expect, test } from 'vitest';
import { readBootLog } from '../../src/management/boot-log.ts';
import { containerStatus, type StatusExtras } from '../../src/management/container-status.ts';
import { temporaryDirectory } from '../fixtures.ts';

const DIGEST = 'ab'.repeat(32);
const SUMMARY: WorkloadSummary = {
  name: 'web',
  state: 'healthy',
  pid: 42,
  restarts: 1,
  lastExit: undefined,
  imageRef: `registry.example.com/web@sha256:${DIGEST}`,
  imageDigest: DIGEST,
  specDigest: DIGEST,
  configRoot: DIGEST,
  hostname: undefined,
};

function shown(changes: Partial<WorkloadSummary> = {}, extras: StatusExtras = {}) {
  const [status] = statusAnswerSchema.parse([containerStatus({ ...SUMMARY, ...changes }, extras)]);
  return status!;
}

describe('the status of a workload', () => {
  test('says what is known and nothing else', () => {
    expect(shown()).toEqual({
      name: 'web',
      image: SUMMARY.imageRef,
      status: 'healthy',
      pid: 42,
      restarts: 1,
      image_digest: DIGEST,
      spec_digest: DIGEST,
      config_root: DIGEST,
    });
  });

  test('has its place, its age and its engine', () => {
    const engine = {
      name: 'podman',
      oom_reports: false,
      user_namespaces: true,
      checked_before_start: true,
    } as const;
    const instance: WorkloadSummary['instance'] = {
      runtime: 'podman',
      id: 'web-1',
      slot: 1,
      port: 80,
      stopSignal: 15,
      egress: false,
      startedAt: Date.parse('2026-11-20T12:00:00Z'),
    };
    const address = { host: '10.92.0.3', port: 80 };
    const placed = { hostname: 'web.example.com', port: 80, address, instance };
    expect(shown(placed, { engine, awaitingConfig: true })).toMatchObject({
      hostname: 'web.example.com',
      port: 80,
      address: '10.92.0.3:80',
      started_at: '2026-11-20T12:00:00.000Z',
      engine,
      awaiting_config: true,
    });
  });

  test('has the progress of a pull', () => {
    const progress = { totalBytes: 100, downloadedBytes: 40, unpacked: 0 };
    expect(shown({ state: 'pulling', progress }).pull_progress).toEqual({
      total_bytes: 100,
      downloaded_bytes: 40,
    });
    expect(
      shown({ state: 'pulling', progress: { ...progress, unpacked: 0.5 } }).pull_progress,
    ).toMatchObject({ unpacked_fraction: 0.5 });
  });

  test('says why it failed, and how it ended before it runs again', () => {
    const refused: ExitReason = {
      kind: 'not-started',
      code: 'ERR_LAUNCHER_IMAGE_NOT_FOUND',
      message: 'no image',
      final: true,
    };
    expect(shown({ state: 'failed', lastExit: refused })).toMatchObject({
      error: 'not started: no image',
      error_code: 'ERR_LAUNCHER_IMAGE_NOT_FOUND',
      last_exit: { kind: 'not-started', message: 'not started: no image' },
    });
    const exited = shown({ state: 'healthy', lastExit: { kind: 'exited', code: 3 } });
    expect(exited.error).toBeUndefined();
    expect(exited.last_exit).toEqual({
      kind: 'exited',
      exit_code: 3,
      message: 'exited with code 3',
    });
    const killed = shown({ lastExit: { kind: 'signalled', signal: 'SIGKILL' } });
    expect(killed.last_exit).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  test('says what it waits for', () => {
    expect(shown({ state: 'pending', waitingFor: ['db', 'cache'] })).toMatchObject({
      status: 'pending',
      error: 'waits for db, cache',
    });
  });

  test('has the version that is to replace it, and why it did not', () => {
    const next = { imageRef: 'x', specDigest: 'cd'.repeat(32) };
    const replacement = {
      ...next,
      state: 'pulling' as const,
      progress: { totalBytes: 2, downloadedBytes: 1, unpacked: 0 },
    };
    expect(shown({ replacement }).replacement).toEqual({
      image: 'x',
      spec_digest: next.specDigest,
      status: 'pulling',
      pull_progress: { total_bytes: 2, downloaded_bytes: 1 },
    });
    const problem = { code: undefined, message: 'not ready after 5 ms' };
    expect(shown({ replacement: { ...next, state: 'failed', problem } }).replacement).toEqual({
      image: 'x',
      spec_digest: next.specDigest,
      status: 'failed',
      error: 'not ready after 5 ms',
    });
  });
});

describe('the log of the boot', () => {
  test('is that of the TPM, or else that of the firmware', async () => {
    const dir = await temporaryDirectory();
    const tpm = join(dir, 'tpm');
    const ccel = new Uint8Array([1]);
    expect(await readBootLog(undefined, tpm)).toBeUndefined();
    expect(await readBootLog(ccel, tpm)).toEqual({ source: 'ccel', bytes: ccel });
    await writeFile(tpm, 'log');
    expect(await readBootLog(ccel, tpm)).toEqual({ source: 'tpm0', bytes: Buffer.from('log') });
  });
});
