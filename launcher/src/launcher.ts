// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workerUser, type UserAndGroup, type VmConfig } from '@proofgate/api';
import type { MeasurementRegister, Platform } from '@proofgate/attester';
import type { Logger, UnixHttpServer } from '@proofgate/daemon';
import { loadedWorkloads, type RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from './errors.ts';
import { EventLog } from './measurement/event-log.ts';
import { GatewayPublisher } from './gateway/gateway-publisher.ts';
import { gatewayContent, MANAGER_SOCKET, type PlatformIdentity } from './gateway/gateway-state.ts';
import { prepareDirectories, type LauncherDirectories } from './launcher-directories.ts';
import { serveManagementSocket, type WorkloadSummary } from './management/management-socket.ts';
import { serveManagerSocket } from './management/manager-socket.ts';
import {
  computePlan,
  planMeasurements,
  type MeasurementPlan,
} from './measurement/measurement-plan.ts';
import { PortGuard } from './gateway/port-guard.ts';
import { ProcessRuntime } from './process/process-runtime.ts';
import type { Runtime } from './supervision/runtime.ts';
import { takeOver } from './supervision/take-over.ts';
import { WorkloadFleet } from './supervision/workload-fleet.ts';
import { WorkloadRecords } from './supervision/workload-records.ts';
import { SUPERVISION_TIMING, type SupervisionTiming } from './supervision/workload-supervisor.ts';

/** What a launcher needs from the process that it runs in. */
export interface LauncherDeps {
  /** The opened platform; evidence itself is the proxy's business. */
  readonly platform: Pick<Platform, 'tee' | 'simulated' | 'rtmr3' | 'eventLog'>;
  readonly logger: Logger;
  /** User and group that this process runs as. */
  readonly own: UserAndGroup;
  /** Uniform in [0, 1). @defaultValue Math.random */
  readonly random?: () => number;
  /** @defaultValue {@link SUPERVISION_TIMING} */
  readonly timing?: SupervisionTiming;
  /** Gives up starting: once it is aborted, nothing is started any more. Does not stop a launcher at work. */
  readonly signal?: AbortSignal;
}

/** A launcher at work. */
export interface RunningLauncher {
  /** What was measured and is in the certificates. */
  readonly plan: MeasurementPlan;
  /** What is known about each workload now, in the order of the config file. */
  workloads(): readonly WorkloadSummary[];
  /**
   * Ends all workloads, the last one first, logs that they are gone, tells the proxy and closes the sockets. Each
   * workload may take {@link SupervisionTiming.stopGraceMs}. A launcher that is killed instead leaves the workloads
   * running, and the next one takes them over.
   *
   * @throws AggregateError when a workload could not be ended
   */
  stop(): Promise<void>;
}

/** Names of the sockets below `run_dir`, besides the manager's. */
const MANAGEMENT_SOCKET = 'launcher.sock';
const PROXY_SOCKET = 'proxy.sock';

/** The proxy applies a state within milliseconds if it is there; if it is not, stopping does not wait for it. */
const FINAL_PUSH_MS = 500;

/**
 * Starts the launcher: measures everything, takes over what an earlier launcher left, starts and supervises the rest,
 * and keeps the proxy informed. Returns as soon as the workloads are measured and being started; it does not wait for
 * them to become healthy, nor for the proxy.
 *
 * @param config - the checked config file
 * @param deps - the platform and this process
 * @returns the running launcher
 * @throws LauncherError when a workload cannot be run as declared, or the event log is not what RTMR3 proves;
 *   DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher uses the same directories; the reason of `deps.signal`
 */
export async function startLauncher(
  config: VmConfig,
  deps: LauncherDeps,
): Promise<RunningLauncher> {
  const register = requireRegister(deps.platform);
  const plan = await planMeasurements(config);
  const directories = await prepareDirectories(config.platform, deps.own);
  const runtime = new ProcessRuntime({
    logsDir: directories.logs,
    own: deps.own,
    logger: deps.logger,
  });
  for (const { measured } of plan.workloads) runtime.admit(measured.config);
  const servers: UnixHttpServer[] = [];
  try {
    return await launch({ config, deps, register, plan, directories, runtime, servers });
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
}

interface LaunchOptions {
  readonly config: VmConfig;
  readonly deps: LauncherDeps;
  readonly register: MeasurementRegister;
  readonly plan: MeasurementPlan;
  readonly directories: LauncherDirectories;
  readonly runtime: Runtime;
  /** Gets every socket that is served. */
  readonly servers: UnixHttpServer[];
}

async function launch(options: LaunchOptions): Promise<RunningLauncher> {
  const { config, deps, plan, directories, runtime, servers } = options;
  const { logger, random = Math.random, timing = SUPERVISION_TIMING } = deps;
  const runDir = directories.run;
  let log: EventLog | undefined;
  let fleet: WorkloadFleet | undefined;
  const guard = new PortGuard({
    ports: plan.workloads.map(({ measured: { config } }) => ({
      name: config.name,
      port: config.port,
      uid: runtime.uidOf(config),
    })),
    logger,
  });
  const view = {
    ready: () => fleet !== undefined,
    workloads: () => fleet?.list().map((workload) => asFound(workload, guard.taken)) ?? [],
    eventLog: () => log?.events ?? [],
  };
  servers.push(await serveManagementSocket(join(runDir, MANAGEMENT_SOCKET), view, logger));
  servers.push(
    await serveManagerSocket({
      path: join(runDir, MANAGER_SOCKET),
      logger,
      workerGid: workerUser(config.platform, deps.own)?.gid,
    }),
  );
  const records = await WorkloadRecords.open(
    join(directories.data, 'workloads.json'),
    await kernelBootId(),
  );
  const eventLog = await EventLog.open(join(runDir, 'event-log.json'), options.register);
  log = eventLog;
  const shared = { runtime, records, log: eventLog, logger };
  const adopted = await takeOver({ ...shared, plan, stopGraceMs: timing.stopGraceMs });
  const identity: PlatformIdentity = {
    tee: deps.platform.tee,
    simulated: deps.platform.simulated,
    ccel: await deps.platform.eventLog(),
  };
  const publisher = new GatewayPublisher({
    socketPath: join(runDir, PROXY_SOCKET),
    bootId: randomUUID(),
    logger,
    random,
  });
  const workloads = new WorkloadFleet({ ...shared, workloads: plan.workloads, timing, random });
  const publish = (content: MeasurementPlan): void => {
    publisher.publish(gatewayContent(runDir, content, identity, eventLog.events, guard.taken));
  };
  await guard.check();
  // From here to the return nothing is awaited: whoever can abort gets either nothing or a launcher to stop.
  deps.signal?.throwIfAborted();
  publish(plan);
  workloads.start(adopted, publisher.supersede());
  fleet = workloads;
  const guarding = new AbortController();
  const guarded = guard.watch(() => {
    publish(plan);
  }, guarding.signal);

  const stop = async (): Promise<void> => {
    try {
      await workloads.stop();
    } finally {
      guarding.abort();
      await guarded;
      publish(planOfLoaded(config, plan, eventLog.events));
      await publisher.flush(FINAL_PUSH_MS);
      await publisher.close();
      await closeAll(servers);
    }
  };
  let stopping: Promise<void> | undefined;
  return { plan, workloads: view.workloads, stop: () => (stopping ??= stop()) };
}

/** A workload whose port somebody else has is not well, whatever answers its health check. */
function asFound(workload: WorkloadSummary, taken: ReadonlySet<string>): WorkloadSummary {
  const { name, state } = workload;
  const looksWell = state === 'running' || state === 'healthy';
  return looksWell && taken.has(name) ? { ...workload, state: 'unhealthy' } : workload;
}

/** The plan without the workloads that the log says are gone. */
function planOfLoaded(
  config: VmConfig,
  plan: MeasurementPlan,
  events: readonly RuntimeEvent[],
): MeasurementPlan {
  const loaded = new Set(loadedWorkloads(events).map(({ name }) => name));
  const measured = plan.workloads.map((workload) => workload.measured);
  return computePlan(
    config,
    plan.files,
    measured.filter(({ config: { name } }) => loaded.has(name)),
  );
}

function requireRegister(platform: LauncherDeps['platform']): MeasurementRegister {
  if (platform.rtmr3 !== undefined) return platform.rtmr3;
  throw new LauncherError(
    'ERR_LAUNCHER_REGISTER_UNAVAILABLE',
    `a ${platform.tee} platform has no register that proves what was launched`,
    {
      expected: 'a TDX platform, which has RTMR3',
      seen: platform.tee,
      hint: 'start the programs in another way and run the proxy alone with routes to them',
    },
  );
}

/** Process ids and start times are comparable only within one boot of the kernel. */
async function kernelBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch (cause) {
    throw new LauncherError(
      'ERR_LAUNCHER_PROC_UNAVAILABLE',
      'the launcher watches processes through /proc, which cannot be read',
      { expected: 'Linux with /proc', seen: process.platform, cause },
    );
  }
}

async function closeAll(servers: readonly UnixHttpServer[]): Promise<void> {
  for (const server of servers.toReversed()) await server.close();
}
