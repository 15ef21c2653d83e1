// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import type { ExitReason } from './exit-reason.ts';
import type { InstanceRecord, PrepareProgress } from './runtime.ts';

/**
 * Where a workload is in its life. It is `pending` before everything else and between two attempts, and `pulling` while
 * what it needs is fetched and unpacked. `running` becomes `healthy` with the first successful health check, and stays
 * `running` when there is none. `unhealthy` is a finding and has no consequence: only a workload that ends, or is not
 * ready in time, is started again. `stopped` and `failed` are the ends: the one wanted, the other not.
 */
export type WorkloadState =
  | 'pending'
  | 'pulling'
  | 'starting'
  | 'running'
  | 'healthy'
  | 'unhealthy'
  | 'stopping'
  | 'stopped'
  | 'failed';

/** What is known about a workload at one moment. */
export interface WorkloadStatus {
  readonly name: string;
  readonly state: WorkloadState;
  readonly pid: number | undefined;
  /** Starts after the first one of this launcher. */
  readonly restarts: number;
  readonly lastExit: ExitReason | undefined;
  /** While it is being fetched. */
  readonly progress?: PrepareProgress | undefined;
  /** Where it answers, from its first start on. */
  readonly address?: HostPort | undefined;
  /** What runs now. */
  readonly instance?: InstanceRecord | undefined;
}

/** Whether a state is one in which the workload may answer. */
export function isUp(state: WorkloadState): boolean {
  return state === 'running' || state === 'healthy' || state === 'unhealthy';
}

/** Whether a state is one from which the workload does not come back by itself. */
export function isOver(state: WorkloadState): boolean {
  return state === 'stopped' || state === 'failed';
}
