// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmConfig } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import {
  fromBase64,
  OID,
  parseAuditManifest,
  replayRuntimeEvents,
  toHex,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { describe, expect, test, vi } from 'vitest';
import { fakeProxy } from './fake-proxy.ts';
import { isRoot } from './fixtures.ts';
import { allHealthy, start, vmStage } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WITHIN = { timeoutMs: 15_000 };

describe('the gateway state', () => {
  test('has every host with what its certificate says', async () => {
    const stage = await vmStage();
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    const web = (await stage.workload('web')) as { port: number };
    const config: VmConfig = {
      ...stage.parse([
        web,
        await stage.workload('db', {
          mode: 'tcp',
          hostname: 'db.example.org',
        }),
        await stage.workload('hidden', { internal: true }),
        await stage.workload('own', {
          attestation: 'session',
          clients: 'required',
          client_policy: { version: 1, tee: 'tdx' },
        }),
      ]),
      routes: [
        {
          hostname: 'legacy.example.com',
          mode: 'http',
          upstream: 'http://127.0.0.1:9',
          attestation: 'certificate',
          limits: { body_bytes: 5 },
          clients: 'none',
        },
      ],
    };
    const launcher = await start(stage, config);
    await waitFor(() => proxy.states.length > 0, WITHIN);
    const state = proxy.states[0]!;
    expect(state.platform).toMatchObject({
      tee: 'tdx',
      simulated: true,
      runtimeVersion: launcher.plan.platform.runtimeVersion,
    });
    expect(state.eventLog).toEqual(launcher.plan.events);
    expect(
      state.hosts.map(({ hostname, mode, upstream, attestation, limits, clients }) => ({
        hostname,
        mode,
        upstream,
        attestation,
        limits,
        clients,
      })),
    ).toEqual([
      {
        hostname: 'manager.m1.example.com',
        mode: 'http',
        upstream: `unix:${join(stage.runDir, 'manager.sock')}`,
        attestation: 'certificate',
      },
      {
        hostname: 'web.m1.example.com',
        mode: 'http',
        upstream: `http://127.0.0.1:${String(web.port)}`,
        attestation: 'certificate',
      },
      {
        hostname: 'db.example.org',
        mode: 'tcp',
        upstream: `127.0.0.1:${String(config.containers[1]!.port)}`,
        attestation: 'certificate',
      },
      {
        hostname: 'own.m1.example.com',
        mode: 'http',
        upstream: `http://127.0.0.1:${String(config.containers[3]!.port)}`,
        attestation: 'session',
        clients: { mode: 'required', policy: { version: 1, tee: 'tdx' } },
      },
      {
        hostname: 'legacy.example.com',
        mode: 'http',
        upstream: 'http://127.0.0.1:9',
        attestation: 'certificate',
        limits: { bodyBytes: 5 },
      },
    ]);
    const oids = state.hosts.map(({ extensions }) => extensions.map(({ oid }) => oid));
    expect(oids[0]).toContain(OID.platformRoot);
    expect(oids[1]).toEqual(
      expect.arrayContaining([OID.workloadRoot, OID.imageDigest, OID.imageRef, OID.workloadsHash]),
    );
    expect(oids[4]).toEqual([OID.runtimeVersionHash, OID.workloadsHash]);

    const { root } = launcher.plan.workloads[0]!;
    expect(toHex(parseAuditManifest(fromBase64(state.hosts[1]!.manifest!)).root)).toBe(root);
    expect(toHex(parseAuditManifest(fromBase64(state.platform.manifest!)).root)).toBe(
      launcher.plan.platform.root,
    );
    const stated = state.hosts[1]!.extensions.find(({ oid }) => oid === OID.workloadRoot);
    expect(toHex(fromBase64(stated!.value))).toBe(root);
  });

  test('after a stop has no workload any more', async () => {
    const stage = await vmStage();
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    const launcher = await start(stage, stage.parse([await stage.workload('web')]));
    await waitFor(() => proxy.states.length > 0, WITHIN);
    await launcher.stop();
    const last = proxy.states.at(-1)!;
    expect(last.hosts.map(({ hostname }) => hostname)).toEqual(['manager.m1.example.com']);
    expect(toHex(replayRuntimeEvents(last.eventLog as RuntimeEvent[]))).toBe(stage.rtmr3());
  });
});

describe('the sockets', () => {
  test('of the management show what runs', async () => {
    const stage = await vmStage();
    const launcher = await start(stage, stage.parse([await stage.workload('web')]));
    await allHealthy(launcher);
    expect(await stage.ask('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
    const { measured, root } = launcher.plan.workloads[0]!;
    expect((await stage.ask('/v1/workloads')).body).toMatchObject({
      workloads: [
        {
          name: 'web',
          state: 'healthy',
          pid: launcher.workloads()[0]!.pid,
          restarts: 0,
          address: { host: '127.0.0.1', port: measured.config.port },
          instance: { runtime: 'process' },
          imageRef: `process:${process.execPath}`,
          imageDigest: measured.imageDigest,
          specDigest: measured.specDigest,
          configRoot: root,
        },
      ],
    });
    expect((await stage.ask('/v1/eventlog')).body).toEqual({ events: launcher.plan.events });
    expect(await stage.ask('/v1/nothing')).toMatchObject({ status: 404 });
    expect((await stat(join(stage.runDir, 'launcher.sock'))).mode & 0o777).toBe(0o600);
  });

  test('of the platform host answer health alone', async () => {
    const stage = await vmStage();
    await start(stage, stage.parse([]));
    expect(await stage.ask('/healthz', 'manager.sock')).toEqual({
      status: 200,
      body: { status: 'ok' },
    });
    for (const path of ['/', '/v1/workloads', '/v1/eventlog', '/api/v1/status']) {
      expect((await stage.ask(path, 'manager.sock')).status).toBeGreaterThanOrEqual(403);
    }
  });

  test.runIf(isRoot)(
    'of the platform host can be reached by the workers of the proxy',
    async () => {
      const stage = await vmStage();
      await start(stage, stage.parse([], { worker_uid: 4321, worker_gid: 5432 }));
      const socket = await stat(join(stage.runDir, 'manager.sock'));
      expect([socket.gid, socket.mode & 0o777]).toEqual([5432, 0o660]);
      const directory = await stat(stage.runDir);
      expect([directory.gid, directory.mode & 0o777]).toEqual([5432, 0o750]);
      expect((await stat(join(stage.runDir, 'launcher.sock'))).mode & 0o777).toBe(0o600);
    },
  );
});
