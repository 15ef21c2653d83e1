// SPDX-License-Identifier: Apache-2.0
import { Option, type Command } from 'commander';

import { launcher } from '../commands/launcher.ts';
import { plan, type PlanOptions } from '../commands/plan.ts';
import { proxy } from '../commands/proxy.ts';
import { simulator } from '../commands/simulator.ts';
import { up } from '../commands/up.ts';
import type { CommandContext } from '../context.ts';
import type { ServiceOptions } from '../service/service-options.ts';

/** What runs in the VM, from its config file. */
export function addServiceCommands(program: Command, context: CommandContext): void {
  const services: readonly [string, string, (options: ServiceOptions) => Promise<void>][] = [
    ['up', 'run launcher and proxy in the foreground', (options) => up(options, context)],
    ['proxy', 'run the TLS front alone', (options) => proxy(options, context)],
    ['launcher', 'run the launcher alone', launcher],
    ['simulator', 'run the software TDX platform alone', simulator],
  ];
  for (const [name, description, run] of services) {
    program
      .command(name)
      .description(description)
      .requiredOption('-c, --config <file>', 'the config file of the VM')
      .option('--check', 'validate the file and stop')
      .addOption(new Option('--with-parent', 'end when standard input ends').hideHelp())
      .hook('preAction', () => {
        context.setRefusalMeaning('failure');
      })
      .action(run);
  }
  program
    .command('plan')
    .description('print every value that a config file will put into certificates and RTMR3')
    .requiredOption('-c, --config <file>', 'the config file of the VM')
    .option('--json', 'print JSON')
    .hook('preAction', () => {
      context.setRefusalMeaning('input');
    })
    .action((options: PlanOptions) => plan(options, context));
}
