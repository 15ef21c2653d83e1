// SPDX-License-Identifier: Apache-2.0
import { runCommandLine } from '@proofgate/cli';

/**
 * Runs a `proofgate` command in this process and returns what it printed.
 *
 * @throws Error with the command's own complaint when it fails
 */
export async function runProofgate(args: readonly string[]): Promise<string> {
  const output: string[] = [];
  const complaints: string[] = [];
  const exitCode = await runCommandLine(args, {
    terminal: {
      out: (text) => void output.push(text),
      err: (text) => void complaints.push(text),
      colour: false,
    },
    env: {},
    stdin: process.stdin,
    stderr: process.stderr,
    now: () => new Date(),
  });
  if (exitCode !== 0) {
    throw new Error(`proofgate ${args.join(' ')} failed\n${complaints.join('\n')}`);
  }
  return output.join('\n');
}
