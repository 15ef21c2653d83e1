// SPDX-License-Identifier: Apache-2.0
import { parsePolicyText } from '@proofgate/verifier';

import type { CommandContext } from '../context.ts';
import { readText } from '../input/input-file.ts';
import { printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { paint } from '../output/terminal.ts';
import { describePolicy } from '../policy/describe-policy.ts';

/**
 * Reads a policy and says in words what it accepts.
 *
 * @throws VerifierError `ERR_POLICY_INVALID`, `ERR_POLICY_EMPTY`
 */
export async function policyCheck(file: string, { terminal }: CommandContext): Promise<void> {
  const policy = parsePolicyText(await readText(file));
  const { demands, cautions } = describePolicy(policy);
  terminal.out(`policy ${printable(policy.name)} accepts evidence if\n`);
  terminal.out(
    table(
      demands.map((row) => row.map(printable)),
      '  ',
    ),
  );
  if (cautions.length === 0) return;
  terminal.out('\nand leaves open:\n');
  for (const caution of cautions) terminal.out(paint(terminal, 'yellow', `  ${caution}`));
}
