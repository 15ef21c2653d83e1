// SPDX-License-Identifier: Apache-2.0
import { parsePolicyText, type Policy } from '@proofgate/verifier';

import type { CommandContext } from '../context.ts';
import { DIFFERENT } from '../exit-codes.ts';
import { readText } from '../input/input-file.ts';
import { printable } from '../output/printable.ts';
import { paint } from '../output/terminal.ts';
import { comparePolicies, type PolicyDifference } from '../policy/compare-policies.ts';
import { memberName } from '../policy/policy-rules.ts';

/** Compares what two policies accept; the exit code says whether it is the same. */
export async function policyDiff(
  left: string,
  right: string,
  context: CommandContext,
): Promise<void> {
  const differences = comparePolicies(await readPolicy(left), await readPolicy(right));
  const { terminal } = context;
  if (differences.length === 0) {
    terminal.out('the two policies accept the same');
    return;
  }
  for (const difference of differences) printDifference(difference, context);
  context.setExitCode(DIFFERENT);
}

async function readPolicy(file: string): Promise<Policy> {
  return parsePolicyText(await readText(file));
}

function printDifference(
  { member, left, right }: PolicyDifference,
  { terminal }: CommandContext,
): void {
  terminal.out(printable(memberName(member)));
  terminal.out(paint(terminal, 'red', `  - ${acceptable(left)}`));
  terminal.out(paint(terminal, 'green', `  + ${acceptable(right)}`));
}

function acceptable(values: readonly string[]): string {
  return values.length === 0 ? 'not limited' : printable(values.join(' or '));
}
