// SPDX-License-Identifier: Apache-2.0
import { allCommands, type CompletionCommand } from './command-tree.ts';

/**
 * A completion script for bash. The words so far decide which command is meant; after an option that takes a free
 * value, and where no word fits, bash falls back to file names.
 */
export function bashCompletion(program: CompletionCommand): string {
  const commands = allCommands(program);
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => caseOf(path));
  return `# Completion of proofgate for bash.
_proofgate() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${paths.join('|')}) command="$command \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command" in
${commands.map(wordCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _proofgate proofgate
`;
}

// Commander's names, flags and choices are letters, digits and dashes; a quote in one of them would be our own mistake.
function caseOf(path: readonly string[], ...more: readonly string[]): string {
  return `'${['', ...path, ...more].join(' ')}'`;
}

function valueCases({ path, options }: CompletionCommand): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, choices }) => {
      const patterns = flags.map((flag) => caseOf(path, flag)).join('|');
      const offered =
        choices.length === 0
          ? ''
          : ` COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current"));`;
      return `    ${patterns})${offered} return ;;`;
    });
}

function wordCase({ path, options, subcommands, choices }: CompletionCommand): string {
  const words = [
    ...subcommands.map((command) => command.path.at(-1)),
    ...choices,
    ...options.flatMap(({ flags }) => flags),
  ];
  return `    ${caseOf(path)}) words='${words.join(' ')}' ;;`;
}
