// SPDX-License-Identifier: Apache-2.0
import { allCommands, type CompletionCommand, type CompletionOption } from './command-tree.ts';

/** A completion script for fish, with descriptions. */
export function fishCompletion(program: CompletionCommand): string {
  const lines = allCommands(program).flatMap((command) => [
    ...command.subcommands.map((child) => subcommandLine(command, child)),
    ...command.choices.map((choice) => `${start(command)} -f -a ${quoted(choice)}`),
    ...command.options.map((option) => optionLine(command, option)),
  ]);
  return ['# Completion of proofgate for fish.', ...lines, ''].join('\n');
}

function subcommandLine(
  parent: CompletionCommand,
  { path, description }: CompletionCommand,
): string {
  const name = path.at(-1) ?? '';
  return `${start(parent)} -f -a ${quoted(name)} -d ${quoted(description)}`;
}

function optionLine(command: CompletionCommand, option: CompletionOption): string {
  const names = option.flags.map((flag) =>
    flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  );
  const value = !option.takesValue
    ? ''
    : option.choices.length === 0
      ? ' -r'
      : ` -x -a ${quoted(option.choices.join(' '))}`;
  return `${start(command)}${names.join('')}${value} -d ${quoted(option.description)}`;
}

/** A completion that holds when the words so far lead to the command and not further. */
function start({ path, subcommands }: CompletionCommand): string {
  const here = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const further = subcommands.map((child) => child.path.at(-1)).join(' ');
  const notBelow = further === '' ? [] : [`not __fish_seen_subcommand_from ${further}`];
  const conditions = [...here, ...notBelow];
  return `complete -c proofgate -n ${quoted(conditions.join('; and '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/gu, '\\$&')}'`;
}
