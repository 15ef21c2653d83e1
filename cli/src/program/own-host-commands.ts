// SPDX-License-Identifier: Apache-2.0
import { Argument, InvalidArgumentError, type Command } from 'commander';

import { completion } from '../commands/completion.ts';
import { doctor, type DoctorOptions } from '../commands/doctor.ts';
import { SHELLS, type Shell } from '../completion/completion-script.ts';
import type { CommandContext } from '../context.ts';

/** Intel's first TDX platforms, which every PCS and every PCCS with access to it knows. */
const COMMON_FMSPC = '00806f050000';

/** What concerns the machine that the command runs on. */
export function addOwnHostCommands(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('find what stops attestation on this host and say what to do')
    .option('-c, --config <file>', 'the config file of the VM: look at its TEE and its CA as well')
    .option('--collateral <url>', 'PCS or PCCS to ask', serviceUrl)
    .option('--fmspc <hex>', 'platform kind to ask it for', fmspc, COMMON_FMSPC)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 healthy, 10 findings, 2 usage')
    .action((options: DoctorOptions) => doctor(options, context));

  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', '\nFor this shell session: source <(proofgate completion bash)')
    .action((shell: Shell) => {
      completion(shell, program, context);
    });
}

function fmspc(text: string): string {
  if (!/^[0-9a-f]{12}$/iu.test(text)) throw new InvalidArgumentError('expected 12 hex digits');
  return text.toLowerCase();
}

function serviceUrl(text: string): string {
  if (/^https?:\/\//iu.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('expected an http or https URL');
}
