// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vmConfigSchema, type VmConfig } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { encodePrivateKey } from '@proofgate/ca';
import { createRoot, type CaIdentity } from '@proofgate/ca/authorities';
import { createLogger, requestUnix, waitFor, type UnixAnswer } from '@proofgate/daemon';
import { encodePem } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  servePlatform,
  type SimulatedPlatform,
} from '@proofgate/simulator';
import { startProxy, type ProxyDeps, type RunningProxy } from '../src/index.ts';
import { answerTo } from './https-client.ts';
import { newIntermediary } from './test-ca.ts';

/** A directory with a CA in it, and a simulated platform on a socket in it. */
export interface TestMachine {
  readonly directory: string;
  readonly platform: SimulatedPlatform;
  /** PEM. */
  readonly root: string;
  readonly rootIdentity: CaIdentity;
  /** Quotes that were asked for. */
  quotes(): number;
  /** Makes the quoter fail until it is set back. */
  failQuotes(fail: boolean): void;
  /** Makes the quoter wait. @returns lets it go on */
  holdQuotes(): () => void;
  writeCa(intermediary: CaIdentity): Promise<void>;
  config(more: { routes?: unknown[]; containers?: unknown[]; platform?: object }): VmConfig;
  start(config: VmConfig, deps?: Pick<ProxyDeps, 'clock'>): Promise<RunningProxy>;
  ask(method: string, path: string, body?: unknown): Promise<UnixAnswer>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  close(): Promise<void>;
}

/** Starts one; everything is below a temporary directory that goes with it. */
export async function startMachine(): Promise<TestMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-proxy-'));
  const real = createSimulatedPlatform();
  let quotes = 0;
  let failing = false;
  let held: Promise<void> = Promise.resolve();
  const platform: SimulatedPlatform = {
    ...real,
    quote: async (reportData) => {
      quotes += 1;
      await held;
      if (failing) throw new Error('told to fail');
      return real.quote(reportData);
    },
  };
  const service = await servePlatform({ platform, socketPath: join(directory, 'simulator.sock') });
  const rootIdentity = await createRoot({ commonName: 'Test root', days: 30, at: new Date() });
  const proxies: RunningProxy[] = [];

  const writeCa = async (intermediary: CaIdentity): Promise<void> => {
    await writeFile(join(directory, 'ca.crt'), encodePem('CERTIFICATE', intermediary.certificate));
    await writeFile(join(directory, 'ca.key'), encodePrivateKey(intermediary.privateKey), {
      mode: 0o600,
    });
  };
  await writeCa(await newIntermediary(rootIdentity));

  return {
    directory,
    platform,
    rootIdentity,
    root: encodePem('CERTIFICATE', rootIdentity.certificate),
    quotes: () => quotes,
    failQuotes: (fail) => (failing = fail),
    holdQuotes: () => {
      let release = (): void => undefined;
      held = new Promise((resolve) => (release = resolve));
      return () => release();
    },
    writeCa,
    config: ({ routes = [], containers = [], platform: changes = {} }) =>
      vmConfigSchema.parse({
        version: '1',
        platform: {
          tee: 'simulated',
          hostname: 'example.com',
          ca_cert: join(directory, 'ca.crt'),
          ca_key: join(directory, 'ca.key'),
          listen: '127.0.0.1:0',
          data_dir: join(directory, 'data'),
          run_dir: directory,
          image_profile_file: join(directory, 'image-profile'),
          workers: 2,
          ...changes,
        },
        routes,
        containers,
      }),
    start: async (config, deps = {}) => {
      const proxy = await startProxy(config, {
        logger: createLogger({ name: 'test', level: 'silent' }),
        platform: await openPlatform({ tee: 'simulated', runDir: directory }),
        ...deps,
        own: { uid: process.getuid?.() ?? 1, gid: process.getgid?.() ?? 1 },
      });
      proxies.push(proxy);
      return proxy;
    },
    ask: (method, path, body) =>
      requestUnix({
        socketPath: join(directory, 'proxy.sock'),
        method,
        path,
        timeoutMs: 5_000,
        ...(body === undefined ? {} : { body }),
      }),
    metrics: async () => {
      const outgoing = request({ socketPath: join(directory, 'proxy.sock'), path: '/metrics' });
      const answer = answerTo(outgoing);
      outgoing.end();
      return (await answer).body;
    },
    close: async () => {
      for (const proxy of proxies) await proxy.stop({ tunnelGraceMs: 0, deadlineMs: 0 });
      await service.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** Waits until every host has an identity. */
export async function untilReady(proxy: RunningProxy): Promise<void> {
  await waitFor(() => proxy.health().status === 'ok', {
    timeoutMs: 10_000,
    what: 'the proxy to be ready',
  });
}
