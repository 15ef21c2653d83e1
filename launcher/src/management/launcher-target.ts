// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { ContainerConfig, EngineStatus } from '@proofgate/api';
import type { RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { readLogs } from '../logs/log-reader.ts';
import type { InstanceRecord, RunningInstance } from '../supervision/runtime.ts';
import type { WorkloadSummary } from '../supervision/workload-summary.ts';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import { readBootLog } from './boot-log.ts';
import { containerStatus } from './container-status.ts';
import type { ManagementTarget } from './management-target.ts';

/** What the management API does not find in the workloads themselves. */
export type PlatformOperations = Pick<
  ManagementTarget,
  | 'setExtension'
  | 'completeConfig'
  | 'volumes'
  | 'resizeVolume'
  | 'deleteVolume'
  | 'replaceCa'
  | 'setAttestationServers'
>;

/** A launcher at work, as far as the management API reaches into it. */
export interface ManagedLauncher extends PlatformOperations {
  /** False until the workloads have been measured and are supervised. */
  ready(): boolean;
  workloads(): readonly WorkloadSummary[];
  eventLog(): readonly RuntimeEvent[];
  /** The firmware's log of the boot, if it keeps one. */
  firmwareLog(): Promise<Uint8Array | undefined>;
  load(
    container: ContainerConfig,
  ): Promise<{ readonly planned: PlannedWorkload; readonly replaces: boolean }>;
  unload(name: string): Promise<void>;
  /** The running instance of a workload. */
  instanceOf(name: string): RunningInstance | undefined;
  /** What runs an instance, and what it cannot do. */
  engineOf(runtime: InstanceRecord['runtime']): EngineStatus;
  /** Whether a workload serves nothing but its configure route. */
  isAwaitingConfig(name: string): boolean;
  /** Whether the workloads have been ended, because the launcher does. */
  isOver(): boolean;
  /** With a directory of logs for each workload. */
  readonly logsDir: string;
}

/** A launcher at work as the target of the management API. */
export function launcherTarget(launcher: ManagedLauncher): ManagementTarget {
  const demand = (name: string): WorkloadSummary => {
    const found = launcher.workloads().find((workload) => workload.name === name);
    if (found !== undefined) return found;
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_UNKNOWN', `there is no workload "${name}"`);
  };
  return {
    ready: () => launcher.ready(),
    status: () =>
      launcher.workloads().map((summary) =>
        containerStatus(summary, {
          engine: summary.instance && launcher.engineOf(summary.instance.runtime),
          awaitingConfig: launcher.isAwaitingConfig(summary.name),
        }),
      ),
    eventLog: () => launcher.eventLog(),
    bootLog: async () => readBootLog(await launcher.firmwareLog()),
    load: async (container) => {
      const { planned, replaces } = await launcher.load(container);
      const { imageRef: image, specDigest } = planned.measured;
      return { image, replaces, specDigest, configRoot: planned.root };
    },
    unload: (name) => launcher.unload(name),
    logs: (name, selection) => {
      // A workload without an image is a process, which writes its log itself and without times.
      const timed = !demand(name).imageRef.startsWith('process:');
      const over = (): string | undefined => {
        if (launcher.isOver()) return 'the launcher ends';
        const there = launcher.workloads().some((workload) => workload.name === name);
        return there ? undefined : 'the workload was unloaded';
      };
      return readLogs(join(launcher.logsDir, name), { ...selection, over }, { timed });
    },
    exec: (name, request) => {
      demand(name);
      const instance = launcher.instanceOf(name);
      if (instance?.exec !== undefined) return instance.exec(request);
      throw new LauncherError('ERR_LAUNCHER_WORKLOAD_STATE', `nothing can be run in "${name}"`, {
        expected: 'a container that runs',
      });
    },
    setExtension: async (name, oid, value) => {
      demand(name);
      await launcher.setExtension(name, oid, value);
    },
    completeConfig: async (name) => {
      demand(name);
      await launcher.completeConfig(name);
    },
    volumes: () => launcher.volumes(),
    resizeVolume: (name, bytes) => launcher.resizeVolume(name, bytes),
    deleteVolume: (name) => launcher.deleteVolume(name),
    replaceCa: (certificatePem, keyPem) => launcher.replaceCa(certificatePem, keyPem),
    setAttestationServers: (servers) => launcher.setAttestationServers(servers),
  };
}
