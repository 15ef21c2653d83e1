// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { freePorts } from '../processes/server-process.ts';
import { startTarget, type TargetProcess } from '../processes/target-process.ts';
import { createBenchPki } from '../targets/bench-pki.ts';
import { payload } from '../targets/payload-handler.ts';
import { startCaddy } from './contenders/caddy.ts';
import { GRPC_PATH, HOSTS, type Contender, type Setting } from './contenders/contender.ts';
import { startHaproxy } from './contenders/haproxy.ts';
import { startNginx, startStaticServer } from './contenders/nginx.ts';
import { startProofgate, type InstanceName } from './contenders/proofgate.ts';
import { OURS } from './proxy-cases.ts';
import type { LoadTools } from './scenarios.ts';

/** Everything that runs while it is measured. */
export interface Stage {
  /** The peers. */
  readonly contenders: readonly Contender[];
  /** One of ours, unless it did not start. */
  readonly instance: (name: InstanceName) => Contender | undefined;
  readonly tools: LoadTools;
  /** Path of the built `load/idle-main.js`. */
  readonly idleProgram: string;
  stop(): Promise<void>;
}

/** What a stage is built of. */
export interface StageOptions {
  readonly directory: string;
  readonly peers: readonly PeerName[];
  readonly programs: URL;
  readonly targetCpu: number | undefined;
  readonly loadCpu: number | undefined;
  readonly onProgress: (message: string) => void;
}

/** Peers that can be measured. */
export type PeerName = 'caddy' | 'nginx' | 'haproxy';

const PEERS: Readonly<Record<PeerName, (setting: Setting) => Promise<TargetProcess>>> = {
  caddy: startCaddy,
  nginx: startNginx,
  haproxy: startHaproxy,
};

/** What is served: name and size. */
const FILES: readonly (readonly [name: string, bytes: number])[] = [
  ['1k', 1024],
  ['100k', 100 * 1024],
];

/** A gRPC message of twelve bytes, not compressed. */
const GRPC_MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 12]), Buffer.from('hello, world')]);

/** Starts the upstreams, the peers and our instances. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const running: TargetProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const server of running.reverse()) await server.stop();
  };
  const keep = async (server: Promise<TargetProcess>): Promise<TargetProcess> => {
    running.push(await server);
    return server;
  };
  try {
    return await build(options, keep, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  { directory, peers, programs, targetCpu, loadCpu, onProgress }: StageOptions,
  keep: (server: Promise<TargetProcess>) => Promise<TargetProcess>,
  stop: Stage['stop'],
): Promise<Stage> {
  const program = (path: string): string => fileURLToPath(new URL(path, programs));
  const platformDir = join(directory, 'platform');
  const grpcMessage = join(directory, 'grpc-message');
  onProgress('starting the upstreams');
  const files = await writeFiles(join(directory, 'files'));
  await writeFile(grpcMessage, GRPC_MESSAGE);
  const [web = 0, grpc = 0, ...ports] = await freePorts(2 + peers.length);
  await keep(
    startStaticServer({
      ...{ directory: join(directory, 'upstream'), files, port: web, grpcPort: grpc },
      cpu: loadCpu,
    }),
  );
  const { port: webSocket } = await keep(
    startTarget({
      ...{ name: 'WebSocket echo', settings: {}, cpu: loadCpu },
      program: program('targets/websocket-echo-main.js'),
    }),
  );
  await keep(
    startTarget({
      ...{ name: 'platform', settings: { runDir: platformDir }, cpu: loadCpu },
      program: program('targets/simulator-main.js'),
    }),
  );
  const upstreams = { web, webSocket, grpc };
  const pki = await createBenchPki(Object.values(HOSTS), new Date(), await someQuote());
  const certificates = await writeCertificates(directory, pki.leaf);
  const contenders: Contender[] = [];
  for (const [index, name] of peers.entries()) {
    onProgress(`starting ${name}`);
    const setting: Setting = {
      ...{ upstreams, ...certificates, cpu: targetCpu },
      directory: join(directory, name),
      port: ports[index] ?? 0,
    };
    contenders.push({ name, ...(await keep(PEERS[name](setting))) });
  }
  const ours = new Map<InstanceName, Contender>();
  for (const name of ['web', 'tcp', 'grpc', 'pair'] as const) {
    onProgress(`starting ${OURS} (${name})`);
    const server = startProofgate(name, {
      ...{ upstreams, directory: join(directory, OURS), platformDir, pki },
      program: program('targets/proofgate-main.js'),
      // Its second worker has the second core.
      cpu: name === 'pair' ? undefined : targetCpu,
    });
    try {
      ours.set(name, { name: `${OURS} (${name})`, ...(await keep(server)) });
    } catch (error) {
      if (name !== 'grpc') throw error;
      onProgress(`${OURS} has no gRPC: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return {
    contenders,
    instance: (name) => ours.get(name),
    tools: { cpu: loadCpu, echoProgram: program('load/websocket-main.js'), grpcMessage },
    idleProgram: program('load/idle-main.js'),
    stop,
  };
}

/** A quote of the usual size: what it says is of no interest to a peer. */
function someQuote(): Promise<Uint8Array> {
  return createSimulatedPlatform().quote(new Uint8Array(64));
}

/** @returns the folder */
async function writeFiles(folder: string): Promise<string> {
  const call = join(folder, GRPC_PATH);
  await mkdir(dirname(call), { recursive: true });
  await writeFile(call, GRPC_MESSAGE);
  for (const [name, bytes] of FILES) await writeFile(join(folder, name), payload(bytes));
  return folder;
}

async function writeCertificates(
  directory: string,
  leaf: { readonly certificate: string; readonly key: string },
): Promise<Pick<Setting, 'certificate' | 'key' | 'bundle'>> {
  const file = (name: string): string => join(directory, name);
  const [certificate, key, bundle] = [file('leaf.pem'), file('leaf.key'), file('bundle.pem')];
  await writeFile(certificate, leaf.certificate);
  await writeFile(key, leaf.key, { mode: 0o600 });
  await writeFile(bundle, `${leaf.certificate}${leaf.key}`, { mode: 0o600 });
  return { certificate, key, bundle };
}
