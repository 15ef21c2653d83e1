// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';

import { addCaCommands } from './program/ca-commands.ts';
import { addClientCommands } from './program/client-commands.ts';
import { addManagementCommands } from './program/management-commands.ts';
import { addOwnHostCommands } from './program/own-host-commands.ts';
import { addPolicyCommands } from './program/policy-commands.ts';
import { addServiceCommands } from './program/service-commands.ts';
import type { CommandContext } from './context.ts';
import { VERSION } from './version.ts';

/** The whole command tree: names, options, help. What a command does is in `commands/`. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('proofgate')
    .description(
      'Attested HTTPS for confidential VMs: every connection proves what runs behind it.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => {
        context.terminal.out(text);
      },
      writeErr: (text) => {
        context.terminal.err(text);
      },
      getOutHasColors: () => context.terminal.colour,
      getErrHasColors: () => false,
    })
    .exitOverride();
  addServiceCommands(program, context);
  addClientCommands(program, context);
  addManagementCommands(program, context);
  addPolicyCommands(program, context);
  addCaCommands(program, context);
  addOwnHostCommands(program, context);
  return program;
}
