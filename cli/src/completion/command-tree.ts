// SPDX-License-Identifier: Apache-2.0
import type { Command, Option } from 'commander';

/** A command as completion sees it. */
export interface CompletionCommand {
  /** Words that lead to it, without the program's name; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly CompletionOption[];
  readonly subcommands: readonly CompletionCommand[];
  /** Words that its argument may be; empty when it is a file or there is none. */
  readonly choices: readonly string[];
}

/** An option as completion sees it. */
export interface CompletionOption {
  /** Long form first, with dashes. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Words that its value may be; empty when it is free. */
  readonly choices: readonly string[];
}

/** Reads the visible part of a command tree. */
export function commandTree(command: Command, path: readonly string[] = []): CompletionCommand {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(completionOption),
    subcommands: help
      .visibleCommands(command)
      .map((child) => commandTree(child, [...path, child.name()])),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

/** A command and everything below it. */
export function allCommands(command: CompletionCommand): readonly CompletionCommand[] {
  return [command, ...command.subcommands.flatMap(allCommands)];
}

function completionOption(option: Option): CompletionOption {
  return {
    flags: [option.long, option.short].filter((flag) => typeof flag === 'string'),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}
