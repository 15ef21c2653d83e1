// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '@proofgate/evidence';
import { judge, parsePolicyText, verifyEvidence, type Verdict } from '@proofgate/verifier';

import type { CommandContext } from '../context.ts';
import { progressOn } from '../input/progress.ts';
import { readTarget } from '../input/target.ts';
import { readJudging, type Judging, type JudgingArguments } from '../judging/judging-options.ts';
import { presentedBy, type PresentedEvidence } from '../judging/presented-evidence.ts';
import { jsonText, printable } from '../output/printable.ts';
import { firstUsePolicy } from '../policy/first-use-policy.ts';
import { firstUseOf, unverifiedFirstUse } from '../policy/first-use.ts';

/** Options of `proofgate policy init`. */
export interface PolicyInitOptions extends Omit<JudgingArguments, 'policy'> {
  readonly name?: string;
}

/** What a policy's name may hold; the rest becomes a dash. */
const NOT_IN_NAMES = /[^\p{L}\p{N} ._:/@+-]/gu;
const MAX_NAME = 128;
/** Leaves room for the rest of the description, which has at most 1,024 characters. */
const MAX_TARGET = 512;

/**
 * Writes a policy to stdout that accepts what a target presents now. Evidence that can be verified is; what is refused
 * makes no policy.
 *
 * @throws VerifierError and EvidenceError when the target's evidence does not hold
 */
export async function policyInit(
  target: string,
  options: PolicyInitOptions,
  { terminal, now }: CommandContext,
): Promise<void> {
  const progress = progressOn(terminal, false);
  const judging = await readJudging(options, now, progress);
  const presented = await presentedBy(await readTarget(target), progress);
  const outcome = await verifyIfPossible(judging, presented);
  const seen =
    outcome.kind === 'verified' ? firstUseOf(outcome.verdict) : unverifiedFirstUse(presented);
  const state = outcome.kind === 'verified' ? 'verified' : `NOT VERIFIED, ${outcome.reason}`;
  const text = jsonText(
    firstUsePolicy(seen, {
      name: options.name ?? `first use of ${target}`.replace(NOT_IN_NAMES, '-').slice(0, MAX_NAME),
      description: `TRUST ON FIRST USE: written on ${now().toISOString()} from what ${printable(target).slice(0, MAX_TARGET)} presented (evidence ${state}). Confirm the values from another source before relying on them.`,
    }),
  );
  const policy = parsePolicyText(text);
  terminal.err(
    'trust on first use: this policy says what was seen, not what is right; compare it with the builder’s values',
  );
  if (outcome.kind === 'unverified')
    terminal.err(`the evidence was ${state}; give --collateral to have it verified`);
  else warnOfRefusals(judge(outcome.verdict, policy), terminal);
  terminal.out(text);
}

type Outcome =
  | { readonly kind: 'verified'; readonly verdict: Verdict }
  | { readonly kind: 'unverified'; readonly reason: string };

async function verifyIfPossible(judging: Judging, presented: PresentedEvidence): Promise<Outcome> {
  try {
    return { kind: 'verified', verdict: await verifyEvidence({ ...judging, ...presented }) };
  } catch (error) {
    if (!isForWantOfCollateral(error)) throw error;
    return { kind: 'unverified', reason: error.code };
  }
}

function isForWantOfCollateral(error: unknown): error is CodedError {
  return (
    error instanceof CodedError &&
    (error.code === 'ERR_COLLATERAL_UNAVAILABLE' || error.code === 'ERR_SNP_ENDORSEMENTS_MISSING')
  );
}

// A weakness that was seen is not put into the policy, so it may refuse the very host that it was made from.
function warnOfRefusals(
  { checks }: ReturnType<typeof judge>,
  terminal: CommandContext['terminal'],
): void {
  for (const { name, result, seen } of checks) {
    if (result !== 'refused') continue;
    terminal.err(
      printable(`this policy refuses the target as it is now: ${name} is ${seen ?? ''}`),
    );
  }
}
