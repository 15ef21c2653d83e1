// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../errors.ts';
import type { ComponentStatus, PlatformStatus, TcbStatus } from './tcb-status.ts';
import { listText } from '../list-text.ts';

/** A status with the date and advisories that go with it. */
export interface TcbVerdict<Status> {
  readonly status: Status;
  readonly date: Date;
  readonly advisories: readonly string[];
}

/** A platform status that is not a refusal. */
type Standing = Exclude<PlatformStatus, 'Revoked'>;

/**
 * Joins the platform's status with those of the quoting enclave and, if it counts, the TDX module: the worst wins,
 * advisories add up, and the TCB date is the oldest.
 *
 * @throws VerifierError `ERR_DCAP_TCB_REVOKED` when any of them is revoked
 */
export function convergeStatus(
  platform: TcbVerdict<PlatformStatus>,
  components: readonly TcbVerdict<ComponentStatus>[],
): TcbVerdict<Standing> {
  const all = [platform, ...components];
  const advisories = unionOf(all.map((part) => part.advisories));
  if (platform.status === 'Revoked' || components.some((part) => part.status === 'Revoked')) {
    const seen = all.map((part) => part.status).join(', ');
    const hint = `advisories: ${listText(advisories, 'none named')}`;
    return refuse('ERR_DCAP_TCB_REVOKED', 'the TCB level', 'not revoked', seen, hint);
  }
  const outdated = components.some((part) => part.status === 'OutOfDate');
  return {
    status: outdated ? outdatedStatus(platform.status) : platform.status,
    date: new Date(Math.min(...all.map((part) => part.date.getTime()))),
    advisories,
  };
}

/**
 * The status of a TD whose module may have been updated while it ran (Intel DCAP library, step 4.1.2.5.1.20).
 *
 * @param launch status with the SVNs at launch
 * @param current status with the SVNs of now
 */
export function relaunchStatus(launch: Standing, current: Standing): TcbStatus {
  if (!launch.startsWith('OutOfDate') || current.startsWith('OutOfDate')) return launch;
  return needsConfiguration(launch) || needsConfiguration(current)
    ? 'TDRelaunchAdvisedConfigurationNeeded'
    : 'TDRelaunchAdvised';
}

// What a platform becomes when its quoting enclave or TDX module is out of date (Intel DCAP library, status convergence):
// that it needs configuration stays, that it needs hardening no longer matters.
function outdatedStatus(platform: Standing): Standing {
  return needsConfiguration(platform) ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
}

function needsConfiguration(status: Standing): boolean {
  return status.includes('Configuration');
}

/** Every advisory once, in order. */
export function unionOf(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}
