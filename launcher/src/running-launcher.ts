// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, UserAndGroup, VmConfig } from '@proofgate/api';
import type { Platform } from '@proofgate/attester';
import type { Logger } from '@proofgate/daemon';
import type { MeasurementPlan, PlannedWorkload } from './measurement/measurement-plan.ts';
import type { SupervisionTiming } from './supervision/supervision-timing.ts';
import type { WorkloadSummary } from './supervision/workload-summary.ts';

/** What a launcher needs from the process that it runs in. */
export interface LauncherDeps {
  /** The opened platform; its quotes are for workloads, those of the certificates are the proxy's business. */
  readonly platform: Pick<Platform, 'tee' | 'simulated' | 'rtmr3' | 'eventLog'> &
    Partial<Pick<Platform, 'quotes' | 'collateral'>>;
  readonly logger: Logger;
  /** User and group that this process runs as. */
  readonly own: UserAndGroup;
  /** Uniform in [0, 1). @defaultValue Math.random */
  readonly random?: () => number;
  /** @defaultValue {@link SUPERVISION_TIMING} */
  readonly timing?: SupervisionTiming;
  /** Control group above those of the containers. @defaultValue `/proofgate-<8 hex digits>` */
  readonly cgroupParent?: string;
  /** Gives up starting: once it is aborted, nothing is started any more. Does not stop a launcher at work. */
  readonly signal?: AbortSignal;
}

/** A workload that was taken in. */
export interface AcceptedWorkload {
  readonly planned: PlannedWorkload;
  /** Whether it replaces one of its name. */
  readonly replaces: boolean;
}

/** A launcher at work. */
export interface RunningLauncher {
  /** What is measured and is in the certificates, of the workloads that are loaded now. */
  readonly plan: MeasurementPlan;
  /** What is known about each workload now, in the order in which they were declared. */
  workloads(): readonly WorkloadSummary[];
  /**
   * Takes a workload in, as if it stood in the config file, and remembers it for the next launcher. What is there under
   * its name goes on serving until the new one can. Returns before anything is fetched.
   *
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED when it does not fit what is there
   */
  loadWorkload(container: ContainerConfig): Promise<AcceptedWorkload>;
  /**
   * Ends a workload and forgets it; one of the config file comes back with the next launcher.
   *
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED when another one depends on it; ERR_LAUNCHER_STOP_FAILED
   */
  unloadWorkload(name: string): Promise<void>;
  /**
   * Takes the workloads and routes of a config file that has changed. What differs is replaced when the new one can serve,
   * what is missing is unloaded; what the file says of the platform counts with the next launcher.
   */
  reload(config: VmConfig): Promise<void>;
  /**
   * Ends all workloads, the last one first, logs that they are gone, tells the proxy and closes the sockets. Each
   * workload may take the time that its `stop_grace` gives it. A launcher that is killed instead leaves the workloads
   * running, and the next one takes them over.
   *
   * @throws AggregateError when a workload could not be ended
   */
  stop(): Promise<void>;
}
