// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, HostPort, UserAndGroup } from '@proofgate/api';
import type { EngineKind, ExecRequest, ExecResult } from '../container/container-engine.ts';
import type { ExitReason } from './exit-reason.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';

/** How far a workload is on its way to this machine. */
export interface PrepareProgress {
  /** Bytes of everything that has to be fetched; 0 until that is known. */
  readonly totalBytes: number;
  readonly downloadedBytes: number;
  /** From 0 to 1, once unpacking has begun. */
  readonly unpacked: number;
}

/** What goes with a preparation. */
export interface PrepareOptions {
  readonly signal: AbortSignal;
  /** Called only when something is to be done; the first time at the beginning. */
  readonly onProgress: (progress: PrepareProgress) => void;
}

/** What goes with a start. */
export interface StartOptions {
  /** Directory in which the workload finds its own socket. */
  readonly socketDirectory?: string | undefined;
}

/**
 * Something that can run workloads: plain processes, or container engines behind the same operations.
 * An implementation holds no state of its own about what runs; {@link InstanceRecord} carries it across restarts.
 */
export interface Runtime {
  /**
   * Refuses what this machine cannot do for a workload, before anything is measured or started.
   *
   * @throws LauncherError such as ERR_LAUNCHER_USER_INVALID
   */
  admit(workload: ContainerConfig): void;
  /** Where the workload listens when it shares the VM's own network; `undefined` when it has a network of its own. */
  listenerOf(workload: ContainerConfig): VmListener | undefined;
  /**
   * Finds out exactly what would run, on any machine. Starts nothing and changes nothing.
   *
   * @throws LauncherError when the workload cannot be run as it is declared
   */
  measure(workload: ContainerConfig): Promise<MeasuredWorkload>;
  /**
   * Brings everything to this machine that the workload needs, verified. Returns at once when it is there.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_… and ERR_LAUNCHER_REGISTRY_…; the reason of the signal
   */
  prepare(measured: MeasuredWorkload, options: PrepareOptions): Promise<void>;
  /**
   * Starts a workload that is prepared, after measuring it again.
   *
   * @throws LauncherError ERR_LAUNCHER_PROGRAM_CHANGED when it is not what was measured, so that what runs is always
   *   what the event log names; ERR_LAUNCHER_HARDENING_MISSING when it would not be confined as declared;
   *   ERR_LAUNCHER_START_FAILED when the system refuses
   */
  start(measured: MeasuredWorkload, options?: StartOptions): Promise<RunningInstance>;
  /**
   * Whose processes a workload consists of, in numbers of the VM; `undefined` for the launcher's own user.
   *
   * @throws LauncherError when that cannot be told before it is prepared
   */
  ownerOf(measured: MeasuredWorkload): Promise<UserAndGroup | undefined>;
  /**
   * Takes over something that an earlier launcher started.
   *
   * @param measured - what it is; `undefined` when it is only to be ended
   * @returns `undefined` when it does not run any more; what was left of it has then been ended
   */
  adopt(
    record: InstanceRecord,
    measured: MeasuredWorkload | undefined,
  ): Promise<RunningInstance | undefined>;
  /**
   * Finds what an earlier launcher started and died before it could record.
   *
   * @param kept - what has been taken over
   */
  findStrays(kept: readonly KeptInstance[]): Promise<readonly RunningInstance[]>;
  /** Whether two versions of a workload can run at the same time, each at an address of its own. */
  fitsBeside(present: MeasuredWorkload, next: MeasuredWorkload): boolean;
  /**
   * Gives back what is kept for a workload from one start to the next, such as its address. Called when nothing of it
   * runs and nobody is sent to it any more.
   */
  release(measured: MeasuredWorkload): Promise<void>;
  /**
   * Removes what nothing needs any more, such as images.
   *
   * @param needed - image references that are to stay
   */
  collectGarbage(needed: ReadonlySet<string>): Promise<void>;
}

/** A socket in the VM's own network. */
export interface VmListener {
  /** Who owns it, and no other workload's unless both ask for it. */
  readonly uid: number;
  readonly address: HostPort;
}

/** A workload that runs. */
export interface RunningInstance {
  /** Enough to find it again after the launcher has been replaced. */
  readonly record: InstanceRecord;
  /** Process id of its first process, in the VM's namespace. */
  readonly pid: number | undefined;
  /** Where it is reached from the VM; the same after a restart. `undefined` for what is only to be ended. */
  readonly address: HostPort | undefined;
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
  /** Runs a program beside it, with what it has and no more; only where it has a place of its own. */
  exec?(request: ExecRequest): Promise<ExecResult>;
}

/** A running workload that has been taken over. */
export interface KeptInstance {
  readonly workload: string;
  readonly record: InstanceRecord;
}

/** What has to be remembered of a running workload. */
export type InstanceRecord = ProcessRecord | ContainerRecord;

/** A process that the launcher started. */
export interface ProcessRecord {
  readonly runtime: 'process';
  readonly pid: number;
  /** Clock ticks since the kernel booted; tells the process from a later one with the same pid. */
  readonly startTime: number;
  /** User id that nothing but this workload uses, if there is one. */
  readonly ownUid?: number;
  /** Where it listens; unknown of one that an older launcher has started. */
  readonly port?: number;
}

/** A container of an engine. */
export interface ContainerRecord {
  readonly runtime: EngineKind;
  /** In the engine. */
  readonly id: string;
  /** Its place in the network of the containers. */
  readonly slot: number;
  /** Port that it listens on. */
  readonly port: number;
  /** Signal number that asks it to end. */
  readonly stopSignal: number;
  /** Whether it may open connections to what is outside the VM. */
  readonly egress: boolean;
  /** Unix milliseconds. */
  readonly startedAt: number;
}
