// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import type { MemberContext } from './fleet-member.ts';
import { ReplacementProblem } from './replacement-trial.ts';
import type { SupervisedVersion } from './supervised-version.ts';

/**
 * Waits until the proxy sends nobody new to the version that is retiring.
 *
 * @param config - of the version that takes its place
 * @param over - nobody needs to know any more
 * @returns `false` when it still does after the time that there is for it
 */
export async function isSwitched(
  { hostname, internal }: ContainerConfig,
  { switched, timing }: Pick<MemberContext, 'switched' | 'timing'>,
  over: AbortSignal,
): Promise<boolean> {
  if (internal || hostname === undefined) return true;
  const limit = AbortSignal.any([over, AbortSignal.timeout(timing.switchMs)]);
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
