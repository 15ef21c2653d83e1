// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { LauncherError } from '../../errors.ts';

/** A program of the system that sets up networks. */
export interface ProgramCall {
  readonly program: 'ip' | 'nft' | 'nsenter';
  readonly args: readonly string[];
  readonly input: string;
}

/** These programs take milliseconds; one that hangs in the kernel must not hang the launcher. */
const TIMEOUT_MS = 10_000;

/** The listing of one of our tables has a few kilobytes; of a set with all containers, some hundred. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** The programs are root's, in the places of every distribution; nothing is inherited from the launcher. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/**
 * Runs a program of the system and waits for it.
 *
 * @param call - program, arguments, and what it reads from standard input
 * @returns what it printed
 * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED when it is missing or fails, with what it said
 */
export function runProgram({ program, args, input }: ProgramCall): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { env: ENVIRONMENT, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(failed(program, error, stderr));
      },
    );
    // A program that ends without reading its input is reported by its exit, not by the broken pipe.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function failed(program: string, cause: Error & { code?: unknown }, stderr: string): LauncherError {
  if (cause.code === 'ENOENT') {
    const hint = 'install the packages iproute2, nftables and util-linux';
    const message = `the program ${program}, which sets up container networks, is missing`;
    return new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { hint, cause });
  }
  const said = stderr.trim().split('\n').slice(0, 3).join('; ');
  const message = `${program} failed: ${said === '' ? cause.message : said}`;
  return new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { cause });
}
