// SPDX-License-Identifier: Apache-2.0
import type { FleetMember } from './fleet-member.ts';
import type { PrepareProgress } from './runtime.ts';
import type { WorkloadState, WorkloadStatus } from './workload-status.ts';

/** One workload as the launcher shows it. */
export interface WorkloadSummary extends WorkloadStatus {
  readonly imageRef: string;
  /** SHA-256 in hex, as in the event log and the certificate. */
  readonly imageDigest: string;
  readonly specDigest: string;
  /** Root of the workload's configuration tree, hex. */
  readonly configRoot: string;
  /** Public name. */
  readonly hostname?: string | undefined;
  readonly port?: number;
  /** Names of workloads that it waits for. */
  readonly waitingFor?: readonly string[];
  /** A version that is to take its place, or the last one that did not. */
  readonly replacement?: ReplacementSummary | undefined;
}

/** A version of a workload that does not serve yet, or did not come to. */
export interface ReplacementSummary {
  readonly imageRef: string;
  readonly specDigest: string;
  readonly state: WorkloadState;
  readonly progress?: PrepareProgress | undefined;
  /** Why it was given up; the earlier version goes on serving. */
  readonly problem?: { readonly code: string | undefined; readonly message: string };
}

/**
 * Describes a member of the fleet.
 *
 * @param waitingFor - names of workloads that it waits for
 * @returns what is known about it now
 */
export function summarize(member: FleetMember, waitingFor: readonly string[]): WorkloadSummary {
  const { planned, status } = member.present;
  const { config, imageRef, imageDigest, specDigest } = planned.measured;
  return {
    ...status,
    imageRef,
    imageDigest,
    specDigest,
    configRoot: planned.root,
    hostname: config.hostname,
    port: config.port,
    ...(waitingFor.length === 0 ? {} : { waitingFor }),
    replacement: describeReplacement(member),
  };
}

function describeReplacement({ next, problem }: FleetMember): ReplacementSummary | undefined {
  if (next !== undefined) {
    const { imageRef, specDigest } = next.planned.measured;
    const { state, progress } = next.status;
    return { imageRef, specDigest, state, progress };
  }
  if (problem?.planned === undefined) return undefined;
  const { imageRef, specDigest } = problem.planned.measured;
  const { code, message } = problem;
  return { imageRef, specDigest, state: 'failed', problem: { code, message } };
}
