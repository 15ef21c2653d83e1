// SPDX-License-Identifier: Apache-2.0
import type { Platform } from '@proofgate/attester';
import type { ServiceRequirements } from '@proofgate/ca/enrolment';
import { parsePolicyText } from '@proofgate/verifier';

import { CliError } from '../errors.ts';
import { readCollateral } from '../input/collateral-argument.ts';
import { readText } from '../input/input-file.ts';

/** What is said about the enrolment service. */
export interface ServicePolicy {
  /** File; without it, a certificate of the root is enough. */
  readonly policy?: string;
  /** As `--collateral`; default: what the platform of this machine supplies. */
  readonly collateral?: string;
}

/**
 * Reads what an enrolment service has to prove before anything is sent to it.
 *
 * @param named - the policy, and where collateral comes from
 * @param platform - of this machine
 * @param clock - the current time
 * @throws CliError `ERR_CLI_FILE`, `ERR_CLI_USAGE` when there is no collateral; VerifierError `ERR_POLICY_INVALID`,
 *   `ERR_POLICY_EMPTY` and what the collateral's reader throws
 */
export async function readServiceRequirements(
  named: ServicePolicy,
  platform: Pick<Platform, 'collateral'>,
  clock: () => Date,
): Promise<{ readonly requires?: ServiceRequirements }> {
  if (named.policy === undefined) return {};
  const policy = parsePolicyText(await readText(named.policy));
  if (named.collateral !== undefined) {
    return { requires: { policy, clock, ...(await readCollateral(named.collateral, ignore)) } };
  }
  const collateral = await platform.collateral();
  if (collateral !== undefined) return { requires: { policy, clock, collateral } };
  throw new CliError('ERR_CLI_USAGE', 'the evidence of the CA cannot be judged', {
    expected: 'collateral: a bundle, or the URL of a PCS or PCCS',
    seen: 'a platform that supplies none itself',
    hint: 'set platform.ca.collateral, or use --collateral',
  });
}

function ignore(): void {
  // A service has a log instead of somebody who waits.
}
