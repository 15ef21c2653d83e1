// SPDX-License-Identifier: Apache-2.0
import { bashCompletion } from './bash-completion.ts';
import type { CompletionCommand } from './command-tree.ts';
import { fishCompletion } from './fish-completion.ts';
import { zshCompletion } from './zsh-completion.ts';

/** Shells that completion scripts are made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** Writes the completion script of a shell. */
export function completionScript(shell: Shell, program: CompletionCommand): string {
  switch (shell) {
    case 'bash':
      return bashCompletion(program);
    case 'zsh':
      return zshCompletion(program);
    case 'fish':
      return fishCompletion(program);
  }
}
