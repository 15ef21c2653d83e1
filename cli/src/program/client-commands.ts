// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import { inspect, type InspectOptions } from '../commands/inspect.ts';
import { verify, type VerifyOptions } from '../commands/verify.ts';
import type { CommandContext } from '../context.ts';

const TARGET =
  'https URL, host:port, or a file: certificate chain, quote, SNP report, event log, attestation document';

/** What clients of an attested host use. */
export function addClientCommands(program: Command, context: CommandContext): void {
  program
    .command('verify')
    .description('judge a host or a piece of evidence and explain every decision')
    .argument('<target>', TARGET)
    .option(
      '--policy <file>',
      'what is acceptable; without it the verdict covers the evidence alone',
    )
    .option('--ca <file>', 'root of the private PKI that the certificate must chain to')
    .option('--root <file>', 'evidence root to accept instead of the vendors’ pinned ones')
    .option('--at <time>', 'time of verification, ISO 8601 or Unix seconds (default: now)')
    .option('--collateral <path|url>', 'bundle file, directory of bundles, or PCS/PCCS URL')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 accepted, 10 evidence refused, 11 policy refused, 20 unavailable, 2 usage, 1 internal',
    )
    .action(async (target: string, options: VerifyOptions) => {
      context.setExitCode(await verify(target, options, context));
    });

  program
    .command('inspect')
    .description('show what is written in a host’s certificate or in a file; judges nothing')
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .action((target: string, options: InspectOptions) => inspect(target, options, context));
}
