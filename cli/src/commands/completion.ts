// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import { commandTree } from '../completion/command-tree.ts';
import { completionScript, type Shell } from '../completion/completion-script.ts';
import type { CommandContext } from '../context.ts';

/** Prints a completion script for a shell, made from the command tree. */
export function completion(shell: Shell, program: Command, { terminal }: CommandContext): void {
  terminal.out(completionScript(shell, commandTree(program)));
}
