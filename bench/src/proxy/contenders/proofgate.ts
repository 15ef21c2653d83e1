// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { startTarget, type TargetProcess } from '../../processes/target-process.ts';
import type { BenchPki } from '../../targets/bench-pki.ts';
import type { ProofgateSettings } from '../../targets/proofgate-main.ts';
import { HOSTS, MAX_CONNECTIONS, type Setting } from './contender.ts';

/** Which of our instances: what they stand in front of, and with how many workers. */
const INSTANCES: Readonly<Record<InstanceName, Instance>> = {
  /** HTTP and WebSocket. */
  web: {
    workers: 1,
    routes: ({ web, webSocket }) => [
      { hostname: HOSTS.web, upstream: `http://127.0.0.1:${String(web)}` },
      { hostname: HOSTS.webSocket, upstream: `http://127.0.0.1:${String(webSocket)}` },
    ],
  },
  /** The same server, its bytes unread. */
  tcp: {
    workers: 1,
    routes: ({ web }) => [
      { hostname: HOSTS.web, mode: 'tcp', upstream: `127.0.0.1:${String(web)}` },
    ],
  },
  grpc: {
    workers: 1,
    routes: ({ grpc }) => [{ hostname: HOSTS.grpc, upstream: `h2c://127.0.0.1:${String(grpc)}` }],
  },
  /** Two workers on two cores. */
  pair: {
    workers: 2,
    routes: ({ web }) => [{ hostname: HOSTS.web, upstream: `http://127.0.0.1:${String(web)}` }],
  },
};

/** Name of one of our instances. */
export type InstanceName = 'web' | 'tcp' | 'grpc' | 'pair';

interface Instance {
  readonly workers: number;
  readonly routes: (upstreams: Setting['upstreams']) => ProofgateSettings['routes'];
}

/** What all instances have in common. */
export interface ProofgateSetting extends Pick<Setting, 'upstreams' | 'directory' | 'cpu'> {
  /** Path of the built program. */
  readonly program: string;
  /** Where the platform's socket is. */
  readonly platformDir: string;
  readonly pki: BenchPki;
}

/** Starts one of our instances. */
export function startProofgate(
  instance: InstanceName,
  { directory, platformDir, pki, program, upstreams, cpu }: ProofgateSetting,
): Promise<TargetProcess> {
  const { workers, routes } = INSTANCES[instance];
  const settings: ProofgateSettings = {
    dataDir: join(directory, instance, 'data'),
    runDir: join(directory, instance, 'run'),
    platformDir,
    routes: routes(upstreams),
    workers,
    connections: MAX_CONNECTIONS,
    ...pki.intermediary,
  };
  return startTarget({ name: `proofgate (${instance})`, program, settings, cpu });
}
