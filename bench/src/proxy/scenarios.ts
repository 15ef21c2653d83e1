// SPDX-License-Identifier: Apache-2.0
import { runH2load, runWrk, type LoadOutcome } from '../load/http-tools.ts';
import type { EchoPlan } from '../load/websocket-load.ts';
import { runTool } from '../processes/run-tool.ts';
import { GRPC_PATH, HOSTS, WEBSOCKET_PATH } from './contenders/contender.ts';
import type { InstanceName } from './contenders/proofgate.ts';

/** Clients at a time, as in the measurements that the targets come from. */
const CLIENTS = 64;
/** Clients that open a connection for each request. */
const NEW_CONNECTIONS = 32;
const STREAMS = { connections: 8, streams: 16 } as const;
/** Content of a WebSocket message. */
const MESSAGE_BYTES = 64;

/** What a load is run with. */
export interface LoadTools {
  /** Core of the load; undefined for any. */
  readonly cpu: number | undefined;
  /** Path of the built `load/websocket-main.js`. */
  readonly echoProgram: string;
  /** A file with one gRPC message. */
  readonly grpcMessage: string;
}

/** One kind of load. */
export interface Scenario {
  readonly name: ScenarioName;
  /** Which of our instances take part, beside all peers. */
  readonly ours: readonly InstanceName[];
  readonly run: (port: number, seconds: number, tools: LoadTools) => Promise<LoadOutcome>;
}

/** Names of the loads. */
export type ScenarioName = '1 KB' | '100 KB' | 'WebSocket' | 'new connections' | 'HTTP/2' | 'gRPC';

/** All loads, in the order in which they are run. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: '1 KB',
    ours: ['web', 'tcp', 'pair'],
    run: (port, seconds, { cpu }) =>
      runWrk({ url: url(port, '/1k'), connections: CLIENTS, seconds }, cpu),
  },
  {
    name: '100 KB',
    ours: ['web'],
    run: (port, seconds, { cpu }) =>
      runWrk({ url: url(port, '/100k'), connections: CLIENTS, seconds }, cpu),
  },
  {
    name: 'new connections',
    ours: ['web'],
    run: (port, seconds, { cpu }) =>
      runWrk({ url: url(port, '/1k'), connections: NEW_CONNECTIONS, seconds, close: true }, cpu),
  },
  {
    name: 'WebSocket',
    ours: ['web'],
    run: async (port, seconds, { cpu, echoProgram }) => {
      const plan: EchoPlan = {
        port,
        servername: HOSTS.webSocket,
        path: WEBSOCKET_PATH,
        connections: CLIENTS,
        bytes: MESSAGE_BYTES,
        milliseconds: seconds * 1000,
      };
      const output = await runTool([process.execPath, echoProgram], cpu, JSON.stringify(plan));
      // Our own program, which prints an outcome.
      return JSON.parse(output) as LoadOutcome;
    },
  },
  {
    name: 'HTTP/2',
    ours: ['web'],
    run: (port, seconds, { cpu }) =>
      runH2load({ url: url(port, '/1k'), port, ...STREAMS, seconds }, cpu),
  },
  {
    name: 'gRPC',
    ours: ['grpc'],
    run: (port, seconds, { cpu, grpcMessage }) =>
      runH2load(
        {
          url: `https://${HOSTS.grpc}:${String(port)}${GRPC_PATH}`,
          port,
          ...STREAMS,
          seconds,
          file: grpcMessage,
          headers: ['content-type: application/grpc', 'te: trailers'],
        },
        cpu,
      ),
  },
];

function url(port: number, path: string): string {
  return `https://${HOSTS.web}:${String(port)}${path}`;
}
