// SPDX-License-Identifier: Apache-2.0
import { bashCompletion } from './bash-completion.ts';
import type { CompletionCommand } from './command-tree.ts';

/** A completion script for zsh, which runs the one for bash through its own `bashcompinit`. */
export function zshCompletion(program: CompletionCommand): string {
  return `# Completion of proofgate for zsh.
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(program)}`;
}
