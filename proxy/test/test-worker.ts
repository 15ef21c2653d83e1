// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import { parseUpstream, type GatewayConfigure, type HostMode } from '@proofgate/api';
import type { AccessRecord } from '../src/http/access-log.ts';
import type { AnswerTools } from '../src/evidence/answer-question.ts';
import { ClientContexts } from '../src/evidence/client-contexts.ts';
import { createEvidenceResource } from '../src/evidence/evidence-resource.ts';
import type { LocalResource } from '../src/http/local-resource.ts';
import type { Route, RouteLimits, SnapshotHost } from '../src/ipc/snapshot.ts';
import { createH2cUpstreamClient } from '../src/http2/h2c-upstream-client.ts';
import { createHttp1UpstreamClient } from '../src/upstream/http1-upstream-client.ts';
import { upstreamByProtocol } from '../src/upstream/upstream-by-protocol.ts';
import type { PoolLimits } from '../src/upstream/upstream-pool.ts';
import { Worker, type WorkerLimits, type WorkerOptions } from '../src/worker/worker.ts';
import type { RouteClients } from '../src/peer/route-clients.ts';
import type { ConnectionReport } from '../src/worker/connection-report.ts';
import { TEST_PEER_KEYS, testPeers } from './test-clients.ts';
import { testIdentity } from './test-identity.ts';

export const TEST_ROUTE_LIMITS: RouteLimits = {
  bodyBytes: 10_000_000,
  requestTimeoutMs: 10_000,
  responseTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 10_000,
};

export const TEST_WORKER_LIMITS: WorkerLimits = {
  connections: 1_000,
  handshakeTimeoutMs: 5_000,
  headerBytes: 16_384,
  headerCount: 100,
  headersTimeoutMs: 5_000,
  keepAliveTimeoutMs: 10_000,
};

export interface TestHost {
  readonly hostname: string;
  readonly upstream: string;
  readonly mode?: HostMode;
  readonly alpn?: readonly string[];
  readonly proxyProtocol?: 'v2';
  readonly workload?: string;
  /** The workload before this one, and where it still is. */
  readonly retiring?: { readonly workload: string; readonly upstream: string };
  /** What the workload says about itself. */
  readonly statements?: readonly string[];
  readonly configure?: GatewayConfigure;
  readonly clients?: RouteClients;
  readonly limits?: Partial<RouteLimits>;
  readonly responseHeaders?: readonly string[];
  /** Another number is another identity. */
  readonly generation?: number;
  readonly document?: Uint8Array;
}

export interface TestWorker {
  readonly worker: Worker;
  readonly port: number;
  readonly accessLog: AccessRecord[];
  readonly reports: ConnectionReport[];
  apply(hosts: readonly TestHost[]): void;
  close(): Promise<void>;
}

/** A worker in this process, with identities that carry no quote. */
export async function startWorker(
  hosts: readonly TestHost[],
  limits: Partial<WorkerLimits> = {},
  pool: Partial<PoolLimits> = {},
  evidence: Partial<AnswerTools> = {},
  options: Partial<WorkerOptions> = {},
): Promise<TestWorker> {
  const { peers = testPeers() } = options;
  const accessLog: AccessRecord[] = [];
  const reports: ConnectionReport[] = [];
  const worker = new Worker({
    limits: { ...TEST_WORKER_LIMITS, ...limits },
    upstreams: upstreamByProtocol(
      createHttp1UpstreamClient({ ...pool, monotonicMs: () => performance.now() }),
      createH2cUpstreamClient(),
    ),
    accessLog: (record) => accessLog.push(record),
    report: (report) => reports.push(report),
    monotonicMs: () => performance.now(),
    localResources: [testEvidence({ clients: peers, ...evidence })],
    peers,
    requestIdPrefix: 'test',
    ...options,
  });
  let version = 0;
  const apply = (next: readonly TestHost[]): void => {
    version += 1;
    worker.apply({ version, hosts: next.map(snapshotHost), peerKey: TEST_PEER_KEYS.signing });
  };
  apply(hosts);
  const port = await worker.listen({ host: '127.0.0.1', port: 0 });
  const close = (): Promise<void> => worker.drain({ tunnelGraceMs: 0, deadlineMs: 0 });
  return { worker, port, accessLog, reports, apply, close };
}

/** Shows documents, and has no quoter. */
function testEvidence(tools: Partial<AnswerTools>): LocalResource {
  return createEvidenceResource({
    sessions: { request: () => Promise.reject(new Error('not here')) },
    clients: undefined,
    contexts: new ClientContexts(() => performance.now()),
    now: () => new Date(),
    ...tools,
  });
}

function snapshotHost(host: TestHost): SnapshotHost {
  const { mode = 'http', retiring, configure } = host;
  const route: Route = {
    hostname: host.hostname,
    mode,
    upstream: parseUpstream(host.upstream, mode),
    alpn: host.alpn,
    proxyProtocol: host.proxyProtocol,
    workload: host.workload ?? 'app',
    ...(retiring === undefined
      ? {}
      : { retiring: { ...retiring, upstream: parseUpstream(retiring.upstream, mode) } }),
    statements: host.statements,
    ...(configure === undefined
      ? {}
      : { configure: { ...configure, upstream: parseUpstream(configure.upstream, mode) } }),
    clients: host.clients,
    limits: { ...TEST_ROUTE_LIMITS, ...host.limits },
    responseHeaders: host.responseHeaders,
  };
  const { privateKey, chain } = testIdentity(host.hostname, host.generation ?? 0);
  const id = `${host.hostname}#${String(host.generation ?? 0)}`;
  return {
    route,
    identity: { id, privateKey, chain, document: host.document ?? Buffer.from('{}') },
  };
}
