// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  workerUser,
  type GatewayState,
  type HostPort,
  type ProxyHealth,
  type UserAndGroup,
  type VmConfig,
} from '@proofgate/api';
import type { Platform } from '@proofgate/attester';
import {
  ensureDir,
  readBoundedFile,
  serveUnixHttp,
  type Logger,
  type UnixHttpServer,
} from '@proofgate/daemon';
import { equalBytes, fromUtf8 } from '@proofgate/evidence';
import { SYSTEM_CLOCK, type Clock } from '../clock.ts';
import { IdentityKeeper } from '../identity/identity-keeper.ts';
import { checkMeasuredCa, isMeasuredCa } from '../identity/measured-log.ts';
import { mintIdentity } from '../identity/mint-identity.ts';
import { serveMetrics, type MetricsListener } from '../metrics/metrics-listener.ts';
import { MetricsTotals } from '../metrics/metrics-totals.ts';
import { PrimaryMetrics } from '../metrics/primary-metrics.ts';
import { timedQuotes } from '../metrics/timed-quotes.ts';
import { KnownIdentities } from '../quoting/known-identities.ts';
import { SessionQuoter } from '../quoting/session-quoter.ts';
import type { DrainTimes } from '../worker/worker.ts';
import { adminHandler, MAX_STATE_BYTES } from './admin-api.ts';
import { readOwnClients, type OwnClients } from './client-rules.ts';
import { Gateway } from './gateway.ts';
import { desiredHosts, type OwnHosts } from './gateway-hosts.ts';
import { PeerKeys } from './peer-keys.ts';
import { readPlatformFiles, type PlatformFiles } from './platform-files.ts';
import { ProxyStatus } from './proxy-status.ts';
import { reservePort } from './reserve-port.ts';
import { quoteLimits, workerLimits } from './route-limits.ts';
import { openStateFile, STATE_FILE } from './state-file.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

/** The admin socket, below `run_dir`. */
export const PROXY_SOCKET = 'proxy.sock';

/** Requests may take minutes; service managers wait about 30 s before they kill. */
export const DRAIN_TIMES: DrainTimes = { tunnelGraceMs: 10_000, deadlineMs: 25_000 };

/** The kernel's name for this boot. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** What the proxy is given besides its configuration. */
export interface ProxyDeps {
  readonly logger: Logger;
  /** Produces the evidence. */
  readonly platform: Platform;
  /** User and group that this process runs as. */
  readonly own: UserAndGroup;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** The operator's own settings of OpenSSL, such as a certified provider; without them the workers get ours. */
  readonly opensslConf?: string | undefined;
  /** Names this boot of the machine; the kernel's own name unless given. */
  readonly machineBoot?: string;
}

/** A proxy that accepts connections. */
export interface RunningProxy {
  /** Where it listens. */
  readonly address: HostPort;
  /** Where metrics are served over TCP, if they are. */
  readonly metricsAddress: HostPort | undefined;
  /** Process ids of the workers. */
  readonly workerPids: readonly number[];
  /** `ok` as soon as every host has a valid identity. */
  health(): ProxyHealth;
  /**
   * Takes routes, what clients have to prove, limits of routes and CA files from a changed configuration. Everything else
   * needs a restart.
   *
   * @throws ProxyError ERR_PROXY_HOST_CONFLICT, ERR_PROXY_CLIENT_POLICY, ERR_PROXY_CA_NOT_MEASURED for a CA that the launcher has yet to measure;
   *   CaError, DaemonError; nothing has changed then
   */
  reload(config: VmConfig): Promise<void>;
  /** Stops accepting, finishes what is under way, and ends. */
  stop(times?: DrainTimes): Promise<void>;
}

/**
 * Starts the proxy: this process becomes the primary, which holds the CA key and makes identities; the workers that it
 * forks carry the traffic. Returns when all workers accept connections; identities follow, see `health`.
 *
 * Workers run the compiled program, so the package must have been built.
 *
 * @throws ProxyError ERR_PROXY_LISTEN, ERR_PROXY_WORKER_START, ERR_PROXY_HOST_CONFLICT; CaError for a CA that cannot
 *   issue; DaemonError for files and sockets that cannot be used
 * @example
 * ```ts
 * const config = await readConfigFile('proofgate.yaml', vmConfigSchema);
 * const { tee, run_dir: runDir } = config.platform;
 * const proxy = await startProxy(config, { logger, platform: await openPlatform({ tee, runDir }) });
 * ```
 */
export async function startProxy(config: VmConfig, deps: ProxyDeps): Promise<RunningProxy> {
  const { clock = SYSTEM_CLOCK, random = Math.random, logger, platform } = deps;
  await ensureDir(config.platform.data_dir, 0o700);
  await ensureDir(config.platform.run_dir, 0o750);
  const ccel = await platform.eventLog();
  let files = await readPlatformFiles(config.platform, clock.now());
  let clients = await readOwnClients(config.platform.clients, config.routes);
  const stateFile = openStateFile(
    join(config.platform.data_dir, STATE_FILE),
    deps.machineBoot ?? (await readMachineBoot()),
    logger,
  );
  const address = await reservePort(config.platform.listen);
  const known = new KnownIdentities();
  const metrics = new PrimaryMetrics();
  const totals = new MetricsTotals(clock, (hostname) => gateway.isConfigured(hostname));
  const tools = { ...deps, clock, random };
  const quoter = createQuoter(config, known, metrics, tools);
  const pool = createPool(config, { listen: address, quoter, totals, metrics }, tools);
  const mintPlatform = timedQuotes(platform, metrics, clock);
  const keeper = new IdentityKeeper({
    clock,
    random,
    logger,
    mint: async (spec, at, signal) => {
      const { issuer } = files;
      const lifetimeMs = config.platform.leaf_lifetime;
      try {
        const from = { at, signal, platform: mintPlatform, issuer, lifetimeMs };
        const identity = await mintIdentity(spec, from);
        known.remember(identity, clock.now());
        metrics.identitiesMade += 1;
        return identity;
      } catch (error) {
        metrics.identitiesFailed += 1;
        throw error;
      }
    },
    onChange: () => gateway.refresh(),
  });
  const own = ownHosts(config, files, clients, ccel);
  const peerKeys = new PeerKeys(clock, () => gateway.refresh());
  const gateway = new Gateway({
    own,
    state: await stateFile.load((state) => void desiredHosts(own, state)),
    keeper,
    peerKey: () => peerKeys.signing,
    publish: (snapshot) => pool.publish(snapshot),
    applied: (version) => pool.applied(version),
    save: (state) => stateFile.save(state),
  });
  const useFiles = (next: PlatformFiles, nextClients: OwnClients, from: VmConfig): void => {
    const otherCa = !equalBytes(next.caCertFile, files.caCertFile);
    gateway.replaceOwn(ownHosts(from, next, nextClients, ccel));
    files = next;
    clients = nextClients;
    if (otherCa) keeper.renewAll();
  };
  // The launcher replaces the CA by measuring it, writing its files and telling of it in its next state. A state is put
  // in force whatever the files hold: hosts that are gone must go, and no CA issues beside a log that names another.
  const followCa = async (state: GatewayState): Promise<void> => {
    if (isMeasuredCa(state.eventLog, files.issuer.certificate)) return;
    try {
      const next = await readPlatformFiles(current.platform, clock.now());
      checkMeasuredCa(state.eventLog, next.issuer.certificate);
      useFiles(next, clients, current);
      logger.info({ ca: next.issuer.certificate.subject.text }, 'issuing with the new CA');
    } catch (error) {
      logger.error({ err: error }, 'the CA that was measured cannot be used');
    }
  };
  let current = config;
  const status = new ProxyStatus({
    ...{ gateway, keeper, pool, quoter, metrics, totals },
    issuer: () => files.issuer,
  });
  const drain = (times: DrainTimes): Promise<void> => {
    if (!status.draining) logger.info('draining');
    status.draining = true;
    return pool.drain(times);
  };
  let admin: UnixHttpServer | undefined;
  let scraped: MetricsListener | undefined;
  const stop = async (times = DRAIN_TIMES): Promise<void> => {
    await drain(times);
    totals.close();
    peerKeys.close();
    keeper.close();
    await admin?.close();
    await scraped?.close();
  };
  try {
    await pool.start(gateway.refresh());
    gateway.start();
    totals.start();
    peerKeys.start();
    admin = await serveUnixHttp({
      path: join(config.platform.run_dir, PROXY_SOCKET),
      logger,
      maxBody: MAX_STATE_BYTES,
      handler: adminHandler({
        applyState: async (state) => {
          await followCa(state);
          await gateway.applyState(state);
        },
        stateSummary: () => status.state(),
        identities: () => gateway.identities(),
        health: () => status.health(),
        readiness: () => status.readiness(),
        metrics: () => status.metrics(),
        drain: () => void drain(DRAIN_TIMES),
        peerKeys: () => peerKeys.published,
      }),
    });
    const { metrics: own } = config.platform;
    if (own !== undefined) scraped = await serveMetrics(own.listen, () => status.metrics(), logger);
  } catch (error) {
    await stop({ tunnelGraceMs: 0, deadlineMs: 0 });
    throw error;
  }
  return {
    address,
    metricsAddress: scraped?.address,
    get workerPids() {
      return pool.pids;
    },
    health: () => status.health(),
    stop,
    async reload(changed) {
      const next = await readPlatformFiles(changed.platform, clock.now());
      const nextClients = await readOwnClients(changed.platform.clients, changed.routes);
      if (!equalBytes(next.caCertFile, files.caCertFile)) {
        checkMeasuredCa(gateway.eventLog, next.issuer.certificate);
      }
      useFiles(next, nextClients, changed);
      current = changed;
      gateway.start();
      gateway.refresh();
    },
  };
}

/** The same file whether this one runs from src or from dist. */
const WORKER_OPENSSL_CONF = fileURLToPath(
  new URL('../../src/tls/worker-openssl.cnf', import.meta.url),
);

/** With everything that has a default. */
type Tools = ProxyDeps & Required<Pick<ProxyDeps, 'clock' | 'random'>>;

function workerCount({ workers }: VmConfig['platform']): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

function createQuoter(
  { platform }: VmConfig,
  identities: KnownIdentities,
  metrics: PrimaryMetrics,
  { clock, logger, platform: tee }: Tools,
): SessionQuoter {
  return new SessionQuoter({
    quote: (reportData, signal) => tee.quotes.quote(reportData, signal),
    identities,
    limits: quoteLimits(platform.limits),
    sources: workerCount(platform),
    clock,
    logger,
    onQuote: (mode, outcome) => metrics.quoted(mode, outcome),
  });
}

interface PoolParts extends Pick<WorkerPoolOptions, 'quoter'> {
  readonly listen: HostPort;
  readonly totals: MetricsTotals;
  readonly metrics: PrimaryMetrics;
}

function createPool(
  { platform }: VmConfig,
  { listen, quoter, totals, metrics }: PoolParts,
  { clock, random, logger, own, opensslConf }: Tools,
): WorkerPool {
  return new WorkerPool({
    count: workerCount(platform),
    quoter,
    metrics: totals,
    onDeath: () => {
      metrics.workerDeaths += 1;
    },
    // The same file whether this one runs from src or from dist.
    entry: fileURLToPath(new URL('../../dist/worker-main.js', import.meta.url)),
    environment: { OPENSSL_CONF: opensslConf ?? WORKER_OPENSSL_CONF },
    settings: {
      listen,
      proxyProtocolFrom: platform.proxy_protocol?.from ?? [],
      limits: workerLimits(platform.limits),
      ids: workerUser(platform, own),
      logLevel: logger.level,
      accessLogSample: platform.access_log.sample,
    },
    clock,
    random,
    logger,
  });
}

function ownHosts(
  config: VmConfig,
  files: PlatformFiles,
  clients: OwnClients,
  ccel: Uint8Array | undefined,
): OwnHosts {
  return {
    clients,
    routes: config.routes,
    limits: config.platform.limits,
    caCertFile: files.caCertFile,
    attestationServers: config.platform.attestation_servers,
    imageProfile: files.imageProfile,
    ccel,
    awaitLauncher: config.containers.length > 0,
  };
}

async function readMachineBoot(): Promise<string> {
  return fromUtf8(await readBoundedFile(BOOT_ID_FILE, 64)).trim();
}
