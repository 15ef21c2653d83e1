// SPDX-License-Identifier: Apache-2.0
import { parsePolicyText, type AppraisalOptions, type TrustedRoot } from '@proofgate/verifier';

import { readCollateral } from '../input/collateral-argument.ts';
import { readCertificates, readText } from '../input/input-file.ts';
import type { Progress } from '../input/progress.ts';
import { parseTime } from '../input/time-argument.ts';

/** Options of every command that judges evidence. */
export interface JudgingArguments {
  readonly policy?: string;
  readonly ca?: string;
  readonly root?: string;
  readonly at?: string;
  readonly collateral?: string;
}

/** How evidence is to be judged, whatever it will be. */
export type Judging = Omit<AppraisalOptions, 'evidence' | 'hostname' | 'document'>;

/**
 * Reads everything that the options name.
 *
 * @throws CliError `ERR_CLI_USAGE`, `ERR_CLI_FILE`; VerifierError `ERR_POLICY_INVALID`, `ERR_POLICY_EMPTY` and what the
 *   collateral's reader throws
 */
export async function readJudging(
  options: JudgingArguments,
  now: () => Date,
  progress: Progress,
): Promise<Judging> {
  return {
    policy: options.policy === undefined ? 'none' : parsePolicyText(await readText(options.policy)),
    at: options.at === undefined ? now() : parseTime(options.at),
    ...(options.root === undefined ? {} : { roots: await readRoots(options.root) }),
    ...(options.ca === undefined ? {} : { caRoots: await readCertificates(options.ca) }),
    ...(options.collateral === undefined ? {} : await readCollateral(options.collateral, progress)),
  };
}

async function readRoots(path: string): Promise<TrustedRoot[]> {
  return (await readCertificates(path)).map((certificate) => ({ certificate }));
}
