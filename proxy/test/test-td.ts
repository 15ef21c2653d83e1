// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import type { Issuer } from '@proofgate/ca';
import { createLogger } from '@proofgate/daemon';
import type { ReportData } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { SYSTEM_CLOCK, type Clock } from '../src/clock.ts';
import { ClientContexts } from '../src/evidence/client-contexts.ts';
import { EvidenceClient } from '../src/evidence/evidence-client.ts';
import { createEvidenceResource } from '../src/evidence/evidence-resource.ts';
import { identitySpec, type IdentityContent } from '../src/identity/identity-spec.ts';
import { mintIdentity, type Identity } from '../src/identity/mint-identity.ts';
import { parseWorkerMessage } from '../src/ipc/messages.ts';
import { KnownIdentities } from '../src/quoting/known-identities.ts';
import type { EvidenceSource } from '../src/quoting/pending-session.ts';
import { SessionQuoter } from '../src/quoting/session-quoter.ts';
import { createHttp1UpstreamClient } from '../src/upstream/http1-upstream-client.ts';
import { Worker } from '../src/worker/worker.ts';
import { testPeers } from './test-clients.ts';
import { TEST_ROUTE_LIMITS, TEST_WORKER_LIMITS } from './test-worker.ts';

/** The host that a TD serves; resolves to loopback by its suffix. */
export const TD_HOSTNAME = 'app.demo.localhost';

/** A TD with the proxy in it, its memory open to the test: what an attacker may have stolen can be taken from here. */
export interface Td {
  readonly port: number;
  readonly platform: SimulatedPlatform;
  readonly identity: Identity;
  close(): Promise<void>;
}

/** What may differ from a TD of the operator's. */
export interface TdWish {
  readonly platform?: SimulatedPlatform;
  /** What its identity says besides its name. */
  readonly content?: Partial<Omit<IdentityContent, 'hostname'>>;
  /** By which its batches are dated. */
  readonly now?: () => Date;
}

/** Starts one: the proxy's own worker and quoter, joined by copies of their messages instead of a process boundary. */
export async function startTd(issuer: Issuer, wish: TdWish = {}): Promise<Td> {
  const platform = wish.platform ?? createSimulatedPlatform();
  const { now = SYSTEM_CLOCK.now } = wish;
  const clock = { ...SYSTEM_CLOCK, now };
  const quote = (reportData: ReportData): Promise<Uint8Array> => platform.quote(reportData);
  const tee = { tee: 'tdx', simulated: true } as const;
  const identity = await mintIdentity(
    identitySpec({
      hostname: TD_HOSTNAME,
      attestation: 'certificate',
      extensions: [],
      eventLog: [],
      ccel: undefined,
      manifests: {},
      ...wish.content,
    }),
    {
      issuer,
      platform: {
        ...tee,
        quotes: { ...tee, quote },
        collateral: () => Promise.resolve(platform.collateral()),
      },
      at: new Date(),
      lifetimeMs: 3_600_000,
      signal: new AbortController().signal,
    },
  );
  const identities = new KnownIdentities();
  identities.remember(identity, new Date());
  const worker = workerOf(identity, clock, quote, identities);
  const port = await worker.listen({ host: '127.0.0.1', port: 0 });
  const close = (): Promise<void> => worker.drain({ tunnelGraceMs: 0, deadlineMs: 0 });
  return { port, platform, identity, close };
}

function workerOf(
  { id, privateKey, chainPem: chain, document }: Identity,
  clock: Clock,
  quote: (reportData: ReportData) => Promise<Uint8Array>,
  identities: KnownIdentities,
): Worker {
  const quoter = new SessionQuoter({
    quote,
    identities,
    limits: {
      waitMs: 20,
      timeoutMs: 5_000,
      batched: 100,
      challenges: 10,
      perAddress: 100,
      perHost: 100,
    },
    sources: 1,
    clock,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  const source: EvidenceSource = { answer: (answer) => sessions.receive(structuredClone(answer)) };
  const sessions = new EvidenceClient((sent) => {
    const message = parseWorkerMessage(structuredClone(sent));
    if (message.kind === 'evidence-request') quoter.request(source, message);
    if (message.kind === 'evidence-cancel') quoter.cancel(source, message.ticket);
  });
  const contexts = new ClientContexts(() => performance.now());
  const { now } = clock;
  const worker = new Worker({
    limits: TEST_WORKER_LIMITS,
    upstreams: createHttp1UpstreamClient({ monotonicMs: () => performance.now() }),
    accessLog: () => undefined,
    report: () => undefined,
    monotonicMs: () => performance.now(),
    localResources: [createEvidenceResource({ sessions, clients: undefined, contexts, now })],
    peers: testPeers(),
    requestIdPrefix: 'td',
  });
  const route = {
    hostname: TD_HOSTNAME,
    mode: 'http',
    upstream: { kind: 'tcp', host: '127.0.0.1', port: 1 },
    workload: '',
    limits: TEST_ROUTE_LIMITS,
  } as const;
  worker.apply({ version: 1, hosts: [{ route, identity: { id, privateKey, chain, document } }] });
  return worker;
}
