// SPDX-License-Identifier: Apache-2.0
import { ApiError, parseDuration } from '@proofgate/api';
import { InvalidArgumentError, Option, type Command } from 'commander';

import { exec, type ExecOptions } from '../commands/exec.ts';
import { load, type LoadOptions } from '../commands/load.ts';
import { logs, type LogsOptions } from '../commands/logs.ts';
import { ps } from '../commands/ps.ts';
import { unload } from '../commands/unload.ts';
import { volumes } from '../commands/volumes.ts';
import type { CommandContext } from '../context.ts';
import { TOKEN_VARIABLE } from '../management/bearer-token.ts';
import type { ManagementArguments } from '../management/open-management.ts';
import { addTrustOptions } from './judging-options.ts';

/** What a look at a log shows unless told, and the most that a VM gives. */
const LOG_TAIL = { default: 65_536, max: 1_048_576 } as const;
/** What a program in a container gets, and the most that a VM allows. */
const EXEC_SECONDS = { default: 60, max: 240 } as const;

/** A large image over a slow line. */
const LOAD_TIMEOUT = '15m';

const NAME = 'name of the workload';

/** What runs in a VM, from the VM itself or from afar. */
export function addManagementCommands(program: Command, context: CommandContext): void {
  managing(program.command('ps').description('show every workload of a VM and how it is')).action(
    (options: ManagementArguments) => ps(options, context),
  );

  managing(
    program
      .command('load')
      .description('load a workload into a VM, or another version of one')
      .requiredOption('-f, --file <file>', 'workload as in the config file, or - for stdin')
      .option('--no-wait', 'return as soon as the VM has accepted it')
      .addOption(
        new Option('--timeout <duration>', 'how long to wait until it is up')
          .argParser(duration)
          .default(parseDuration(LOAD_TIMEOUT), LOAD_TIMEOUT),
      ),
    'Exit codes: 0 up, 1 failed, 20 not up in time or unavailable, 10 and 11 VM refused, 2 usage',
  ).action((options: LoadOptions) => load(options, context));

  managing(
    program
      .command('unload')
      .description('end a workload of a VM and forget it')
      .argument('<name>', NAME),
  ).action((name: string, options: ManagementArguments) => unload(name, options, context));

  managing(
    program
      .command('logs')
      .description('print what a workload of a VM has printed')
      .argument('<name>', NAME)
      .option('-f, --follow', 'go on with what it prints from now on')
      .addOption(
        new Option('--stream <which>', 'which of its streams')
          .choices(['stdout', 'stderr', 'all'])
          .default('all'),
      )
      .option(
        '--tail <bytes>',
        'how much of what is there already',
        bounded(0, LOG_TAIL.max),
        LOG_TAIL.default,
      ),
  ).action((name: string, options: LogsOptions) => logs(name, options, context));

  managing(
    program
      .command('volumes')
      .description('show every volume of a VM, how it is encrypted and who has it'),
  ).action((options: ManagementArguments) => volumes(options, context));

  managing(
    program
      .command('exec')
      .description('run a program in a container of a VM, where its config file allows that')
      .argument('<name>', NAME)
      .argument('<command...>', 'program and arguments, after --')
      .option(
        '--timeout <seconds>',
        'when to end it',
        bounded(1, EXEC_SECONDS.max),
        EXEC_SECONDS.default,
      ),
    'Exit codes: 0 the program exited with 0, 1 it did not, 10 and 11 VM refused, 20 unavailable, 2 usage',
  ).action((name: string, command: string[], options: ExecOptions) =>
    exec(name, command, options, context),
  );
}

/** The options by which a VM is found and trusted. */
function managing(
  command: Command,
  exitCodes = 'Exit codes: 0 done, 10 and 11 VM refused, 20 unavailable, 2 usage, 1 internal',
): Command {
  const local = 'Without --url, --socket and --config: the launcher of this machine.';
  return addTrustOptions(
    command
      .addOption(
        new Option('--url <url>', 'the VM, by the URL of its platform host').conflicts([
          'socket',
          'config',
        ]),
      )
      .option('--policy <file>', 'what the VM must prove before the token is sent to it'),
  )
    .addOption(
      new Option('--freshness <what>', 'what its evidence must be bound to').choices([
        'certificate',
        'session',
      ]),
    )
    .option('--token-file <file>', `file with the token (default: ${TOKEN_VARIABLE})`)
    .addOption(
      new Option('--socket <path>', 'the launcher’s socket on this machine').conflicts('config'),
    )
    .option('-c, --config <file>', 'the config file of this machine, for the place of that socket')
    .option('--json', 'print JSON')
    .addHelpText('after', `\n${local}\n${exitCodes}`);
}

function bounded(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a number from ${String(min)} to ${String(max)}`);
  };
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new InvalidArgumentError(`expected ${error.expected ?? 'a duration'}`);
  }
}
