// SPDX-License-Identifier: Apache-2.0
import {
  formatHostPort,
  type ContainerStatus,
  type EngineStatus,
  type LastExit,
  type PullProgress,
  type Replacement,
} from '@proofgate/api';
import { describeExit, type ExitReason } from '../supervision/exit-reason.ts';
import type { PrepareProgress } from '../supervision/runtime.ts';
import type { ReplacementSummary, WorkloadSummary } from '../supervision/workload-summary.ts';

/** What the launcher does not know of a workload by its supervision alone. */
export interface StatusExtras {
  /** What runs it. */
  readonly engine?: EngineStatus | undefined;
  /** Whether it serves nothing but its configure route. */
  readonly awaitingConfig?: boolean;
}

/** What is known about a workload, as the management API shows it. */
export function containerStatus(
  summary: WorkloadSummary,
  { engine, awaitingConfig = false }: StatusExtras = {},
): ContainerStatus {
  const { name, state, restarts, lastExit, replacement, instance } = summary;
  const startedAt =
    instance !== undefined && 'startedAt' in instance ? instance.startedAt : undefined;
  return {
    name,
    image: summary.imageRef,
    status: state,
    ...pullOf(summary.progress),
    ...failureOf(summary),
    ...(awaitingConfig ? { awaiting_config: true } : {}),
    ...present('engine', engine),
    ...present('hostname', summary.hostname),
    ...present('port', summary.port),
    ...present('address', summary.address && formatHostPort(summary.address)),
    ...present('pid', summary.pid),
    ...(startedAt === undefined ? {} : { started_at: new Date(startedAt).toISOString() }),
    restarts,
    ...(lastExit === undefined ? {} : { last_exit: lastExitOf(lastExit) }),
    image_digest: summary.imageDigest,
    spec_digest: summary.specDigest,
    config_root: summary.configRoot,
    ...(replacement === undefined ? {} : { replacement: replacementOf(replacement) }),
  };
}

function replacementOf({
  imageRef,
  specDigest,
  state,
  progress,
  problem,
}: ReplacementSummary): Replacement {
  return {
    image: imageRef,
    spec_digest: specDigest,
    status: state,
    ...pullOf(progress),
    ...(problem === undefined
      ? {}
      : { error: problem.message, ...present('error_code', problem.code) }),
  };
}

function pullOf(progress: PrepareProgress | undefined): { readonly pull_progress?: PullProgress } {
  if (progress === undefined) return {};
  const { totalBytes, downloadedBytes, unpacked } = progress;
  return {
    pull_progress: {
      total_bytes: totalBytes,
      downloaded_bytes: downloadedBytes,
      ...(unpacked > 0 ? { unpacked_fraction: unpacked } : {}),
    },
  };
}

function lastExitOf(reason: ExitReason): LastExit {
  const code = 'code' in reason && typeof reason.code === 'number' ? reason.code : undefined;
  return {
    kind: reason.kind,
    message: describeExit(reason),
    ...present('exit_code', code),
    ...(reason.kind === 'signalled' ? { signal: reason.signal } : {}),
  };
}

function failureOf({
  state,
  lastExit,
  waitingFor = [],
}: WorkloadSummary): Pick<ContainerStatus, 'error' | 'error_code'> {
  if (waitingFor.length > 0) return { error: `waits for ${waitingFor.join(', ')}` };
  if (lastExit === undefined || (state !== 'failed' && state !== 'pending')) return {};
  return {
    error: describeExit(lastExit),
    ...(lastExit.kind === 'not-started' ? { error_code: lastExit.code } : {}),
  };
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Readonly<Partial<Record<Name, Value>>> {
  const members = value === undefined ? [] : [[name, value]];
  // Sound: the object has this one member, or none.
  return Object.fromEntries(members) as Partial<Record<Name, Value>>;
}
