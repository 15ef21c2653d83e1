// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import type { ExitReason } from './exit-reason.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';

/**
 * Something that can run workloads: plain processes now, container engines behind the same operations.
 * An implementation holds no state of its own about what runs; {@link InstanceRecord} carries it across restarts.
 */
export interface Runtime {
  /**
   * Refuses what this machine cannot do for a workload, before anything is measured or started.
   *
   * @throws LauncherError such as ERR_LAUNCHER_USER_INVALID
   */
  admit(workload: ContainerConfig): void;
  /** User id that owns the workload's sockets, and no other workload's unless both ask for it. */
  uidOf(workload: ContainerConfig): number;
  /**
   * Finds out exactly what would run, on any machine. Starts nothing and changes nothing.
   *
   * @throws LauncherError when the workload cannot be run as it is declared
   */
  measure(workload: ContainerConfig): Promise<MeasuredWorkload>;
  /**
   * Starts a workload after measuring it again.
   *
   * @throws LauncherError ERR_LAUNCHER_PROGRAM_CHANGED when it is not what was measured, so that what runs is always
   *   what the event log names; ERR_LAUNCHER_START_FAILED when the system refuses
   */
  start(measured: MeasuredWorkload): Promise<RunningInstance>;
  /**
   * Takes over something that an earlier launcher started.
   *
   * @returns `undefined` when it does not run any more; what was left of it has then been ended
   */
  adopt(record: InstanceRecord): Promise<RunningInstance | undefined>;
  /**
   * Finds what an earlier launcher started and died before it could record.
   *
   * @param adopted - names of workloads that have been taken over; what runs for them is no stray
   */
  findStrays(adopted: ReadonlySet<string>): Promise<readonly RunningInstance[]>;
}

/** A workload that runs. */
export interface RunningInstance {
  /** Enough to find it again after the launcher has been replaced. */
  readonly record: InstanceRecord;
  /**
   * Settles when it has ended and nothing of it is left.
   *
   * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when something of it cannot be ended
   */
  readonly exited: Promise<ExitReason>;
  /**
   * Ends it and waits until nothing of it is left.
   *
   * @param graceMs - time that it gets to end by itself
   * @returns how it ended
   */
  stop(graceMs: number): Promise<ExitReason>;
  /** Housekeeping to be done every few seconds while it runs, such as bounding its logs. */
  maintain(): Promise<void>;
}

/** What has to be remembered of a running workload; a union on `runtime` once there are more. */
export interface InstanceRecord {
  readonly runtime: 'process';
  readonly pid: number;
  /** Clock ticks since the kernel booted; tells the process from a later one with the same pid. */
  readonly startTime: number;
  /** User id that nothing but this workload uses, if there is one. */
  readonly ownUid?: number;
}
