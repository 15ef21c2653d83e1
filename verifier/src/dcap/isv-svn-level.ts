// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';
import type { ComponentStatus } from './tcb-status.ts';

/** One version level of the quoting enclave or of a TDX module. */
export interface IsvSvnLevel {
  readonly isvSvn: number;
  readonly status: ComponentStatus;
  readonly date: Date;
  readonly advisories: readonly string[];
}

/**
 * Puts levels highest version first.
 *
 * @returns undefined when two levels have the same version
 */
export function sortIsvSvnLevels(levels: readonly IsvSvnLevel[]): IsvSvnLevel[] | undefined {
  const sorted = [...levels].sort((a, b) => b.isvSvn - a.isvSvn);
  const repeated = new Set(sorted.map((level) => level.isvSvn)).size !== sorted.length;
  return repeated ? undefined : sorted;
}

/**
 * The highest level that a version reaches. `levels` must come from {@link sortIsvSvnLevels}.
 *
 * @param what the component, for the message
 * @throws VerifierError `ERR_DCAP_TCB_NOT_SUPPORTED` when the version is below every level
 */
export function matchIsvSvn(
  levels: readonly IsvSvnLevel[],
  isvSvn: number,
  what: string,
): IsvSvnLevel {
  const found = levels.find((level) => isvSvn >= level.isvSvn);
  if (found !== undefined) return found;
  throw new VerifierError('ERR_DCAP_TCB_NOT_SUPPORTED', `${what} is older than Intel supports`, {
    expected: `version ${levels.at(-1)?.isvSvn ?? '(none)'} or above`,
    seen: `version ${isvSvn}`,
  });
}
