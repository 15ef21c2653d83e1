// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import { policyCheck } from '../commands/policy-check.ts';
import { policyDiff } from '../commands/policy-diff.ts';
import { policyInit, type PolicyInitOptions } from '../commands/policy-init.ts';
import type { CommandContext } from '../context.ts';
import { addJudgingOptions, TARGET } from './judging-options.ts';

/** `proofgate policy …`: what a verifier is to accept. */
export function addPolicyCommands(program: Command, context: CommandContext): void {
  const policy = program
    .command('policy')
    .description('make, check and compare policies')
    .helpCommand(false);

  addJudgingOptions(
    policy
      .command('init')
      .description('write a policy from what a target presents now: trust on first use')
      .argument('<target>', TARGET)
      .option('--name <text>', 'name of the policy'),
  )
    .addHelpText(
      'after',
      '\nExit codes: 0 written, 10 evidence refused, 20 unavailable, 2 usage, 1 internal',
    )
    .action((target: string, options: PolicyInitOptions) => policyInit(target, options, context));

  policy
    .command('check')
    .description('check a policy file and say in words what it accepts')
    .argument('<file>', 'policy file')
    .action((file: string) => policyCheck(file, context));

  policy
    .command('diff')
    .description('compare what two policies accept; names and descriptions do not count')
    .argument('<a>', 'policy file')
    .argument('<b>', 'policy file')
    .addHelpText('after', '\nExit codes: 0 the same, 10 different, 2 usage')
    .action((left: string, right: string) => policyDiff(left, right, context));
}
