// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { workerUser, type ContainerConfig, type VmConfig } from '@proofgate/api';
import type { MeasurementRegister } from '@proofgate/attester';
import type { Logger, UnixHttpServer } from '@proofgate/daemon';
import { AttestationServers } from './measurement/attestation-servers.ts';
import { EventLog } from './measurement/event-log.ts';
import { readPeerKeys } from './gateway/peer-keys.ts';
import { GatewayPublisher } from './gateway/gateway-publisher.ts';
import { MANAGER_SOCKET, type PlatformIdentity } from './gateway/gateway-state.ts';
import { kernelBootId } from './kernel-boot-id.ts';
import { LauncherCore } from './launcher-core.ts';
import { prepareDirectories, type LauncherDirectories } from './launcher-directories.ts';
import { ManagedCore } from './managed-core.ts';
import { launcherTarget } from './management/launcher-target.ts';
import { createManagementApi } from './management/management-api.ts';
import { serveManagementSocket } from './management/management-socket.ts';
import { serveManagerSocket } from './management/manager-socket.ts';
import { RemoteCallers } from './management/remote-callers.ts';
import { finishCa } from './measurement/staged-ca.ts';
import {
  computePlan,
  planMeasurements,
  type MeasurementPlan,
} from './measurement/measurement-plan.ts';
import { requireRegister } from './measurement/require-register.ts';
import { CombinedRuntime } from './container-runtime/combined-runtime.ts';
import { ContainerHost, requireContainerSupport } from './container-runtime/container-host.ts';
import { ProcessRuntime } from './process/process-runtime.ts';
import type { LauncherDeps, RunningLauncher } from './running-launcher.ts';
import { startingPoint } from './starting-point.ts';
import { FileClaims } from './supervision/file-claims.ts';
import { LoadedFile, type LoadedState } from './supervision/loaded-file.ts';
import type { Runtime } from './supervision/runtime.ts';
import { ServedRuntime } from './supervision/served-runtime.ts';
import { takeOver } from './supervision/take-over.ts';
import { withLoaded } from './supervision/with-loaded.ts';
import { WorkloadRecords } from './supervision/workload-records.ts';
import { SUPERVISION_TIMING } from './supervision/supervision-timing.ts';
import type { PlatformDescription } from './workload-api/workload-identity.ts';
import { WorkloadSockets } from './workload-api/workload-sockets.ts';

/** Names of the sockets below `run_dir`, besides the manager's. */
const MANAGEMENT_SOCKET = 'launcher.sock';
const PROXY_SOCKET = 'proxy.sock';

/**
 * Starts the launcher: measures everything, takes over what an earlier launcher left, starts and supervises the rest,
 * and keeps the proxy informed. Returns as soon as the workloads are measured and being started; it does not wait for
 * them to become healthy, nor for the proxy.
 *
 * @param inFile - the checked config file
 * @param deps - the platform and this process
 * @returns the running launcher
 * @throws LauncherError when a workload cannot be run as declared, or the event log is not what RTMR3 proves;
 *   DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher uses the same directories; the reason of `deps.signal`
 */
export async function startLauncher(
  inFile: VmConfig,
  deps: LauncherDeps,
): Promise<RunningLauncher> {
  const register = requireRegister(deps.platform);
  await finishReplacement(inFile, deps.logger);
  const loaded = new LoadedFile(
    join(resolve(inFile.platform.data_dir), 'loaded.json'),
    inFile.platform,
  );
  const left = await loaded.read();
  const attestationServers = new AttestationServers(
    inFile.platform.attestation_servers,
    left.attestationServers,
  );
  const config = attestationServers.putInto(inFile);
  const claims = new FileClaims(config, left.overruled);
  const file = withLoaded(config, left.workloads, claims, deps.logger);
  const plan = await planMeasurements(file);
  for (const { measured } of plan.workloads) {
    requireContainerSupport(measured.config, { own: deps.own, platform: config.platform });
  }
  const directories = await prepareDirectories(config.platform, deps.own);
  const bootId = await kernelBootId();
  const { own, logger, random = Math.random, cgroupParent } = deps;
  const containers = await ContainerHost.create({
    ...{ platform: config.platform, bootId, own, logger, random, cgroupParent },
    dataDir: directories.data,
    runDir: directories.run,
    logsDir: directories.logs,
  });
  const processes = new ProcessRuntime({ logsDir: directories.logs, own, logger });
  const runtime = new CombinedRuntime(processes, containers);
  for (const { measured } of plan.workloads) runtime.admit(measured.config);
  const servers: UnixHttpServer[] = [];
  try {
    return await launch({
      ...{
        config,
        file,
        deps,
        register,
        plan,
        directories,
        bootId,
        runtime,
        containers,
        servers,
        loaded,
        claims,
        attestationServers,
      },
      left,
    });
  } catch (error) {
    await containers.close(false);
    await closeAll(servers);
    throw error;
  }
}

/** The launcher before this one may have been killed while it put another intermediary in place. */
async function finishReplacement({ platform }: VmConfig, logger: Logger): Promise<void> {
  const places = { certFile: platform.ca_cert, keyFile: platform.ca_key };
  if (!(await finishCa(places))) return;
  logger.warn({ file: places.certFile }, 'a replacement of the CA was interrupted: finished it');
}

interface LaunchOptions {
  readonly config: VmConfig;
  /** The same with what was loaded beside it. */
  readonly file: VmConfig;
  readonly deps: LauncherDeps;
  readonly register: MeasurementRegister;
  /** Of the workloads of the file and those that were loaded beside them. */
  readonly plan: MeasurementPlan;
  readonly directories: LauncherDirectories;
  /** Names this boot of the kernel. */
  readonly bootId: string;
  readonly runtime: Runtime;
  readonly containers: ContainerHost;
  readonly loaded: LoadedFile;
  readonly claims: FileClaims;
  readonly attestationServers: AttestationServers;
  /** What the last launcher left. */
  readonly left: LoadedState;
  /** Gets every socket that is served. */
  readonly servers: UnixHttpServer[];
}

async function launch(options: LaunchOptions): Promise<RunningLauncher> {
  const { config, deps, directories, servers, containers, left } = options;
  const { logger, random = Math.random, timing = SUPERVISION_TIMING } = deps;
  const runDir = directories.run;
  let log: EventLog | undefined;
  let core: LauncherCore | undefined;
  let over = false;
  const publisher = new GatewayPublisher({
    socketPath: join(runDir, PROXY_SOCKET),
    bootId: randomUUID(),
    logger,
    random,
  });
  const { oidc } = config.platform.management ?? {};
  const callers = oidc === undefined ? undefined : new RemoteCallers({ oidc });
  const identity = await describePlatform(deps.platform);
  const view = {
    ready: () => core !== undefined,
    workloads: () => core?.workloads() ?? [],
    eventLog: () => log?.events ?? [],
  };
  const managed = new ManagedCore({
    ...{ view, containers, identity },
    core: () => core,
    isOver: () => over,
    logsDir: directories.logs,
  });
  const api = createManagementApi({
    ...{ logger, callers },
    target: launcherTarget(managed),
    execAllowed: config.platform.containers.exec,
  });
  const workerGid = workerUser(config.platform, deps.own)?.gid;
  const managementSocket = join(runDir, MANAGEMENT_SOCKET);
  servers.push(await serveManagementSocket(managementSocket, view, logger, api.local));
  const managerSocket = { path: join(runDir, MANAGER_SOCKET), logger, workerGid };
  servers.push(await serveManagerSocket({ ...managerSocket, api: api.remote }));

  const records = await WorkloadRecords.open(
    join(directories.data, 'workloads.json'),
    options.bootId,
  );
  await openContainers(options, records);
  log = await EventLog.open(join(runDir, 'event-log.json'), options.register);
  const sockets = await WorkloadSockets.open({
    ...{ runDir, workerGid, callers, logger },
    platform: deps.platform,
    describe: () => describeVm(core?.plan ?? options.plan, identity),
    eventLog: view.eventLog,
    onChange: () => core?.publish(),
    superseded: () => publisher.supersede(),
    peerKeys: () => readPeerKeys(join(runDir, PROXY_SOCKET)),
  });
  const runtime = new ServedRuntime(options.runtime, sockets);
  const planned = options.plan.workloads.map(({ measured }) => measured);
  const earlier = {
    ...{ left, events: log.events, records: records.list() },
    measure: (container: ContainerConfig) => runtime.measure(container),
  };
  const { measured, successors } = await startingPoint(options.file, planned, earlier);
  const plan = computePlan(config, options.plan.files, measured);
  const parts = { ...options, plan, runtime, records, log, logger, timing, random };
  const taken = await takeOver({ ...parts, stopGraceMs: timing.stopGraceMs });
  const stored = planned.filter((workload) => workload.config.storage !== undefined);
  await containers.storage.retain(new Set(stored.map((workload) => workload.config.name)));
  const launcher = new LauncherCore({
    ...parts,
    ...{ publisher, identity, runDir },
    files: plan.files,
    workloads: plan.workloads,
    images: left.images,
  });
  await launcher.checkPorts();
  // From here to the return nothing is awaited: whoever can abort gets either nothing or a launcher to stop.
  deps.signal?.throwIfAborted();
  core = launcher;
  launcher.start(taken);
  for (const successor of successors) void launcher.succeed(successor);
  const stop = async (): Promise<void> => {
    let emptied = false;
    try {
      await launcher.stop();
      emptied = true;
    } finally {
      over = true;
      await sockets.close();
      await containers.close(emptied);
      await closeAll(servers);
    }
  };
  let stopping: Promise<void> | undefined;
  return {
    get plan() {
      return launcher.plan;
    },
    workloads: view.workloads,
    loadWorkload: (container) => launcher.load(container),
    unloadWorkload: (name) => launcher.unload(name),
    reload: (next) => launcher.reload(next),
    stop: () => (stopping ??= stop()),
  };
}

/** What workloads are told of the VM. */
function describeVm(
  { platform, files }: MeasurementPlan,
  { tee, simulated }: PlatformIdentity,
): PlatformDescription {
  const { runtimeVersion, imageProfile, root } = platform;
  return { tee, simulated, runtimeVersion, imageProfile, root, caSpkiSha256: files.caSpkiSha256 };
}

/** An engine is needed for containers that are declared, that run, and that have left images behind. */
async function openContainers(
  { plan, containers, left: { images } }: LaunchOptions,
  records: WorkloadRecords,
): Promise<void> {
  const running = records
    .list()
    .flatMap(({ instance }) => (instance.runtime === 'process' ? [] : [instance]));
  containers.expect(running);
  const declared = plan.workloads.some(({ measured }) => measured.config.runtime === 'container');
  if (declared || running.length > 0 || images.size > 0) await containers.open();
}

async function describePlatform(platform: LauncherDeps['platform']): Promise<PlatformIdentity> {
  const { tee, simulated } = platform;
  return { tee, simulated, ccel: await platform.eventLog() };
}

async function closeAll(servers: readonly UnixHttpServer[]): Promise<void> {
  for (const server of servers.toReversed()) await server.close();
}
