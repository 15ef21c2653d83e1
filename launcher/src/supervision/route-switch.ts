// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import { ReplacementProblem } from './replacement-trial.ts';
import type { SupervisedVersion } from './supervised-version.ts';
import type { SupervisionTiming } from './supervision-timing.ts';

/** How the switch of a route is waited for. */
export interface SwitchContext {
  /** Settles when nobody new is sent to the version of a host that is retiring. */
  readonly switched: (hostname: string, signal: AbortSignal) => Promise<void>;
  readonly timing: Pick<SupervisionTiming, 'switchMs'>;
}

/**
 * Waits until the proxy sends nobody new to the version that is retiring.
 *
 * @param config - of the version that takes its place
 * @param over - nobody needs to know any more
 * @param newer - it does not matter any more, because a newer version is to be served
 * @returns `false` when it still does after the time that there is for it
 */
export async function isSwitched(
  { hostname, internal }: ContainerConfig,
  { switched, timing }: SwitchContext,
  over: AbortSignal,
  newer?: AbortSignal,
): Promise<boolean> {
  if (internal || hostname === undefined) return true;
  const ends = [
    over,
    AbortSignal.timeout(timing.switchMs),
    ...(newer === undefined ? [] : [newer]),
  ];
  const limit = AbortSignal.any(ends);
  const inTime = await switched(hostname, limit).then(
    () => true,
    () => false,
  );
  return inTime || over.aborted;
}

/** Why a version that could serve does not. */
export function slowSwitch({ planned }: SupervisedVersion, limitMs: number): ReplacementProblem {
  const message = `the proxy has not begun to serve it within ${String(limitMs)} ms`;
  return new ReplacementProblem(planned, message);
}
