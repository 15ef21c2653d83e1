// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '@proofgate/evidence';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import { describeExit, type ExitReason } from './exit-reason.ts';
import { probeHealth } from './health-probe.ts';
import { pause } from './pause.ts';
import { isOver, isUp } from './workload-status.ts';
import type { VersionContext, SupervisedVersion } from './supervised-version.ts';

/** How often a replacement without a health check is tried; it serves at most this much later than it could. */
const TRY_MS = 100;

/** A try that takes longer than this is no answer. */
const TRY_TIMEOUT_MS = 3_000;

/** A replacement that nobody can be sent to has to stay up this long: a program that cannot work ends at once. */
const STAY_MS = 2_000;

/** Why a version did not take the place of the one before it. */
export class ReplacementProblem extends Error {
  /** Of the error, where there is one. */
  readonly code: string | undefined;
  /** What was to be put in place. */
  readonly planned: PlannedWorkload | undefined;

  constructor(planned: PlannedWorkload | undefined, message: string, code?: string) {
    super(message);
    this.name = 'ReplacementProblem';
    this.planned = planned;
    this.code = code;
  }

  /** The same from whatever was thrown. */
  static of(planned: PlannedWorkload, error: unknown): ReplacementProblem {
    if (error instanceof ReplacementProblem) return error;
    const message = error instanceof Error ? error.message : String(error);
    // The base class is abstract, so that each package has its own codes.
    const code = error instanceof CodedError ? String(error.code) : undefined;
    return new ReplacementProblem(planned, message, code);
  }
}

/**
 * Watches a version that has been told to start, until it has shown that it can serve or that it cannot. With a health
 * check that is its first success; without one it has to accept a connection on its port, or, when nobody can be sent to
 * it, to stay up for a moment. What cannot be fetched yet is tried again until the signal ends it.
 *
 * @param version - on trial, started
 * @param signal - ends the trial
 * @returns `undefined` when it can serve, and its trial is over; else why not
 */
export async function standTrial(
  version: SupervisedVersion,
  { changes, timing }: VersionContext,
  signal: AbortSignal,
): Promise<ReplacementProblem | undefined> {
  const { planned } = version;
  const over = new AbortController();
  try {
    await changes.until(() => (isUp(version.status.state) ? true : failed(version)), signal);
    const limitMs = timing.replacementReadyMs;
    const limit = AbortSignal.any([signal, over.signal, deadline(planned, limitMs, over.signal)]);
    await Promise.race([
      canServe(version, changes, limit),
      changes.until(() => failed(version), limit),
    ]);
    version.supervisor.confirm();
    // It may have ended at the very moment at which it was found well.
    return failed(version);
  } catch (error) {
    return ReplacementProblem.of(planned, signal.aborted ? signal.reason : error);
  } finally {
    over.abort();
  }
}

/** @throws ReplacementProblem when the version will not come up any more */
function failed({ planned, status }: SupervisedVersion): undefined {
  const { state, lastExit } = status;
  if (!isOver(state)) return undefined;
  throw new ReplacementProblem(planned, describe(lastExit), codeOf(lastExit));
}

async function canServe(
  version: SupervisedVersion,
  changes: VersionContext['changes'],
  signal: AbortSignal,
): Promise<void> {
  const { config } = version.planned.measured;
  if (config.health_check !== undefined) {
    await changes.until(() => (version.ready ? true : undefined), signal);
    return;
  }
  const { address } = version;
  if (config.internal || address === undefined) {
    await pause(STAY_MS, signal);
    signal.throwIfAborted();
    return;
  }
  const target = { kind: 'tcp', ...address } as const;
  while ((await probeHealth(target, TRY_TIMEOUT_MS, signal)) !== undefined) {
    await pause(TRY_MS, signal);
    signal.throwIfAborted();
  }
}

/** A health check with a readiness timeout of its own decides by itself. */
function deadline(planned: PlannedWorkload, limitMs: number, over: AbortSignal): AbortSignal {
  const passed = new AbortController();
  const own = planned.measured.config.health_check?.readiness_timeout_seconds ?? 0;
  if (own > 0) return passed.signal;
  void pause(limitMs, over).then(() => {
    const message = `could not serve within ${String(limitMs)} ms of its start`;
    passed.abort(new ReplacementProblem(planned, message));
  });
  return passed.signal;
}

function describe(reason: ExitReason | undefined): string {
  return reason === undefined ? 'ended before it could serve' : describeExit(reason);
}

function codeOf(reason: ExitReason | undefined): string | undefined {
  return reason?.kind === 'not-started' ? reason.code : undefined;
}
