// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerConfigSchema } from '@proofgate/api';
import type { Platform } from '@proofgate/attester';
import { createLogger, type Logger } from '@proofgate/daemon';
import { asReportData, digestRuntimeEvent, type RuntimeEvent } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { onTestFinished } from 'vitest';
import { readPeerKeys } from '../../src/gateway/peer-keys.ts';
import type { ExitReason } from '../../src/supervision/exit-reason.ts';
import type { MeasuredWorkload } from '../../src/measurement/measured-workload.ts';
import { planWorkload } from '../../src/measurement/measurement-plan.ts';
import type { RunningInstance } from '../../src/supervision/runtime.ts';
import {
  WorkloadSockets,
  type WorkloadSocketsOptions,
} from '../../src/workload-api/workload-sockets.ts';

export const silentLogger: Logger = createLogger({ name: 'test', level: 'silent' });

/** What a socket answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** JSON, parsed. */
  readonly body: unknown;
}

/** A VM with a simulated platform, as far as the sockets of workloads see it. */
export interface SocketStage {
  readonly runDir: string;
  readonly platform: SimulatedPlatform;
  readonly events: RuntimeEvent[];
  /** How often hosts would have been published anew. */
  changes(): number;
  /** Opens the sockets, the first time or after a restart of the launcher. */
  open(more?: Partial<WorkloadSocketsOptions>): Promise<WorkloadSockets>;
  /** Extends the register and the log with the load of a workload. */
  load(measured: MeasuredWorkload): Promise<void>;
}

/** Sets the stage; everything is removed after the test. */
export async function socketStage(): Promise<SocketStage> {
  const runDir = await mkdtemp(join(tmpdir(), 'sockets-'));
  onTestFinished(() => rm(runDir, { recursive: true, force: true }));
  const platform = createSimulatedPlatform({});
  const events: RuntimeEvent[] = [];
  let changes = 0;
  return {
    runDir,
    platform,
    events,
    changes: () => changes,
    open: async (more = {}) => {
      const sockets = await WorkloadSockets.open({
        runDir,
        workerGid: undefined,
        platform: {
          tee: 'tdx',
          simulated: true,
          quotes: quotesOf(platform),
          collateral: () => Promise.resolve(platform.collateral()),
        },
        describe: () => ({
          tee: 'tdx',
          simulated: true,
          runtimeVersion: 'launcher/1',
          imageProfile: 'dev',
          root: 'ab'.repeat(32),
          caSpkiSha256: 'cd'.repeat(32),
        }),
        eventLog: () => events,
        callers: undefined,
        onChange: () => {
          changes += 1;
        },
        superseded: () => Promise.resolve(),
        peerKeys: () => readPeerKeys(join(runDir, 'proxy.sock')),
        logger: silentLogger,
        ...more,
      });
      onTestFinished(() => sockets.close());
      return sockets;
    },
    load: async (measured) => {
      const { event } = planWorkload(measured);
      await platform.extend(3, digestRuntimeEvent(event));
      events.push(event);
    },
  };
}

/** The platform's quotes, one at a time, as a launcher gets them. */
export function quotesOf(platform: SimulatedPlatform): Platform['quotes'] {
  return {
    tee: 'tdx',
    simulated: true,
    quote: (reportData) => platform.quote(asReportData(reportData)),
  };
}

/** A container as the plan has measured it. */
export function container(fields: Readonly<Record<string, unknown>> = {}): MeasuredWorkload {
  const imageDigest = 'c0'.repeat(32);
  const config = containerConfigSchema.parse({
    name: 'web',
    image: `ghcr.io/example/web@sha256:${imageDigest}`,
    port: 8000,
    hostname: 'web.example.com',
    ...fields,
  });
  return {
    config,
    imageRef: config.image ?? '',
    imageDigest,
    specDigest: 'e0'.repeat(32),
  };
}

/** A run of a workload that ends when it is told. */
export interface FakeRun {
  readonly instance: RunningInstance;
  end(): Promise<void>;
}

/** Makes a run; each number in its id is another one. */
export function runOf(id: string, port = 1): FakeRun {
  let settle: (reason: ExitReason) => void = () => undefined;
  const exited = new Promise<ExitReason>((resolve) => {
    settle = resolve;
  });
  return {
    instance: {
      record: { runtime: 'process', pid: 1, startTime: Number(id.replaceAll(/\D/g, '')) },
      pid: 1,
      address: { host: '127.0.0.1', port },
      exited,
      stop: () => exited,
      maintain: () => Promise.resolve(),
    },
    end: async () => {
      settle({ kind: 'exited', code: 0 });
      await exited;
    },
  };
}

/** Sends one request to a unix socket. */
export function askSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const content = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    request(
      {
        socketPath,
        method,
        path,
        agent: false,
        headers: { host: 'localhost', 'content-length': Buffer.byteLength(content) },
        ...(signal === undefined ? {} : { signal }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text === '' ? undefined : (JSON.parse(text) as unknown),
          });
        });
      },
    )
      .on('error', reject)
      .end(content);
  });
}
