// SPDX-License-Identifier: Apache-2.0
import { Option, type Command } from 'commander';

import { inspect, type InspectOptions } from '../commands/inspect.ts';
import { verify, type VerifyOptions } from '../commands/verify.ts';
import type { CommandContext } from '../context.ts';
import { addJudgingOptions, TARGET } from './judging-options.ts';

/** What clients of an attested host use. */
export function addClientCommands(program: Command, context: CommandContext): void {
  addJudgingOptions(
    program
      .command('verify')
      .description('judge a host or a piece of evidence and explain every decision')
      .argument('<target>', TARGET)
      .option(
        '--policy <file>',
        'what is acceptable; without it the verdict covers the evidence alone',
      ),
  )
    .addOption(
      new Option(
        '--freshness <what>',
        'what the evidence must be bound to (default: as the policy says)',
      ).choices(['certificate', 'session']),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 accepted, 10 evidence refused, 11 policy refused, 20 unavailable, 2 usage, 1 internal',
    )
    .action((target: string, options: VerifyOptions) => verify(target, options, context));

  program
    .command('inspect')
    .description('show what is written in a host’s certificate or in a file; judges nothing')
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .hook('preAction', () => {
      context.setRefusalMeaning('input');
    })
    .action((target: string, options: InspectOptions) => inspect(target, options, context));
}
