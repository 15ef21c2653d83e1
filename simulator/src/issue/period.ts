// SPDX-License-Identifier: Apache-2.0
import type { Period } from '../description/platform-description.ts';

/**
 * Turns a relative period into points in time.
 *
 * @param period - relative to the time of issue
 * @param issueTime - when something is issued
 * @returns first and last moment of validity; what is issued states them in whole seconds
 */
export function periodFrom(period: Period, issueTime: Date): { from: Date; until: Date } {
  return {
    from: new Date(issueTime.getTime() + period.startsMs),
    until: new Date(issueTime.getTime() + period.endsMs),
  };
}
