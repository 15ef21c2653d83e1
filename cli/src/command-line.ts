// SPDX-License-Identifier: Apache-2.0
import { CommanderError } from 'commander';
import { ConfigError } from '@proofgate/daemon';
import { CodedError } from '@proofgate/evidence';

import type { CommandContext, Surroundings } from './context.ts';
import { EXIT, exitCodeOfFailure, type RefusalMeaning } from './exit-codes.ts';
import { ManagementRefusal } from './management/management-refusal.ts';
import { printable } from './output/printable.ts';
import { buildProgram } from './program.ts';

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code; what went wrong has been printed to stderr
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  let refusalMeaning: RefusalMeaning = 'verdict';
  const context: CommandContext = {
    ...surroundings,
    setExitCode: (code) => {
      exitCode = code;
    },
    setRefusalMeaning: (meaning) => {
      refusalMeaning = meaning;
    },
  };
  try {
    await buildProgram(context).parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has printed its own message; help and version end with its code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    context.terminal.err(describeFailure(error));
    return exitCodeOfFailure(error, refusalMeaning);
  }
}

/** An error as a person reads it: the code first, then what was expected and seen, then what to do. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return describeProblems(error);
  if (!(error instanceof CodedError)) {
    return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const lines = [`${error.code}: ${printable(error.message)}`];
  if (error.expected !== undefined) lines.push(`  expected  ${printable(error.expected)}`);
  if (error.seen !== undefined) lines.push(`  seen      ${printable(error.seen)}`);
  if (error.hint !== undefined) lines.push(`  hint      ${printable(error.hint)}`);
  if (error instanceof ManagementRefusal) {
    lines.push(
      ...error.fields.map(({ pointer, detail }) => `  ${printable(pointer)}  ${printable(detail)}`),
    );
  }
  if (error.cause instanceof Error) lines.push(`  because   ${printable(error.cause.message)}`);
  return lines.join('\n');
}

// A problem a line, each beginning with its position as editors and terminals make it clickable.
function describeProblems({ code, message }: ConfigError): string {
  return [`${code}: the config file cannot be used`, ...message.split('\n').map(printable)].join(
    '\n',
  );
}
