// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The compiled command; `npm test` builds it first. */
export const PROOFGATE: string = fileURLToPath(
  new URL('../../../cli/dist/main.js', import.meta.url),
);

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** No command that ends by itself takes longer, even where it waits for a peer that is silent. */
const TIMEOUT_MS = 40_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs `proofgate` with arguments as a user would, in a process of its own, to its end.
 *
 * @throws Error when it has to be killed
 */
export function proofgate(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [PROOFGATE, ...args]);
}

/** Runs `proofgate` and demands that it succeeds. */
export async function proofgateOk(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await proofgate(...args);
  if (exitCode !== 0) throw new Error(`proofgate ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Runs a program to its end; its standard input is empty.
 *
 * @throws Error when it cannot be started or has to be killed
 */
export function run(command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      const { exitCode } = child;
      if (exitCode === null) {
        reject(new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }));
      } else {
        resolve({ exitCode, stdout, stderr });
      }
    });
    child.stdin?.end();
  });
}
