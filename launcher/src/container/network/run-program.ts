// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';
import { NOT_FOUND, type CommandShell } from '../command-shell.ts';

/** A program of the system that sets up networks. */
export interface ProgramCall {
  readonly program: 'ip' | 'nft' | 'nsenter';
  readonly args: readonly string[];
  readonly input: string;
}

/**
 * Runs a program of the system and waits for it.
 *
 * @param shell - runs it
 * @param call - program, arguments, and what it reads from standard input
 * @returns what it printed
 * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED when it is missing or fails, with what it said
 */
export async function runProgram(shell: CommandShell, call: ProgramCall): Promise<string> {
  const { program } = call;
  const { status, output } = await shell.run(call).catch((cause: unknown) => {
    throw failed(program, cause instanceof Error ? cause.message : String(cause), { cause });
  });
  if (status === 0) return output;
  if (status === NOT_FOUND) {
    const hint = 'install the packages iproute2, nftables and util-linux';
    const message = `the program ${program}, which sets up container networks, is missing`;
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { hint, seen: output.trim() });
  }
  const said = output.trim().split('\n').slice(0, 3).join('; ');
  throw failed(program, said === '' ? `status ${String(status)}` : said, {});
}

function failed(
  program: string,
  said: string,
  details: { readonly cause?: unknown },
): LauncherError {
  return new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', `${program} failed: ${said}`, details);
}
