// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../errors.ts';
import type { ComponentStatus } from './tcb-status.ts';

/** One version level of the quoting enclave or of a TDX module. */
export interface IsvSvnLevel {
  readonly isvSvn: number;
  readonly status: ComponentStatus;
  readonly date: Date;
  readonly advisories: readonly string[];
}

/**
 * The highest level that a version reaches. `levels` must come from {@link descendingLevels}.
 *
 * @param what the component, for the message
 * @throws VerifierError `ERR_DCAP_TCB_NOT_SUPPORTED` when the version is below every level
 */
export function matchIsvSvn(
  levels: readonly IsvSvnLevel[],
  isvSvn: number,
  what: string,
): IsvSvnLevel {
  const lowest = levels.at(-1)?.isvSvn ?? '(none)';
  return (
    levels.find((level) => isvSvn >= level.isvSvn) ??
    refuse('ERR_DCAP_TCB_NOT_SUPPORTED', what, `version ${lowest} or above`, `version ${isvSvn}`)
  );
}
