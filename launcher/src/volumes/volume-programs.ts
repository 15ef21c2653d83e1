// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { PROGRAM_DIRECTORIES } from '../containerd/find-program.ts';
import { LauncherError } from '../errors.ts';

/** A program of the system that works on volumes, as a file or terminal may show it: keys are in {@link input} alone. */
export interface VolumeProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** What it reads from its standard input. */
  readonly input?: Buffer;
  readonly timeoutMs: number;
}

/** Runs a program; tests run it elsewhere. */
export type RunVolumeProgram = (call: VolumeProgram) => Promise<void>;

/** Programs that only talk to the kernel take milliseconds; a disk that is busy makes them wait. */
export const QUICK_PROGRAM_MS = 30_000;

/** Slowest disk, or slowest cipher, whose work is waited for: a spinning disk that does something else as well. */
const SLOWEST_BYTES_PER_MS = 10_000;

/** No volume takes longer than this. */
const LONGEST_PROGRAM_MS = 86_400_000;

/** The programs are root's, in the places of every distribution; nothing is inherited from the launcher. */
const ENVIRONMENT = { PATH: PROGRAM_DIRECTORIES.join(':'), LC_ALL: 'C' } as const;

/** Part of a program's words that an error shows. */
const MAX_SAID_BYTES = 500;

/**
 * Time for a program that writes a whole volume.
 *
 * @param sizeBytes - of the volume
 */
export function timeToWrite(sizeBytes: number): number {
  const ms = QUICK_PROGRAM_MS + Math.ceil(sizeBytes / SLOWEST_BYTES_PER_MS);
  return Math.min(ms, LONGEST_PROGRAM_MS);
}

/**
 * Makes a function that runs programs of this machine.
 *
 * @param logFile - what they print is kept there until the next one runs; programs that go on in the background hold
 *   the file, since a pipe to the launcher would end them with it
 * @returns throws LauncherError ERR_LAUNCHER_VOLUME_FAILED when a program is missing, fails or takes too long
 */
export function volumePrograms(logFile: string): RunVolumeProgram {
  return async (call) => {
    const log = await open(logFile, 'w+', 0o600);
    try {
      const failure = await run(call, log.fd);
      if (failure === undefined) return;
      const { buffer, bytesRead } = await log.read(
        Buffer.alloc(MAX_SAID_BYTES),
        0,
        MAX_SAID_BYTES,
        0,
      );
      const said = buffer.toString('utf8', 0, bytesRead).trim().replaceAll('\n', '; ');
      const message = `${call.program} ${failure}${said === '' ? '' : `: ${said}`}`;
      throw new LauncherError('ERR_LAUNCHER_VOLUME_FAILED', message);
    } finally {
      await log.close();
    }
  };
}

/** Settles when the program itself has ended, whatever it leaves running. */
function run(
  { program, args, input, timeoutMs }: VolumeProgram,
  output: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], {
      env: ENVIRONMENT,
      stdio: ['pipe', output, output],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      cwd: '/',
      // A session of its own: what ends the launcher must not end a file system.
      detached: true,
    });
    child.once('error', (error) => {
      resolve(`cannot be run: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      child.stdin?.destroy();
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `failed with ${String(code)}` : `was ended by ${signal}`);
    });
    // A program that ends without reading its input is reported by its exit, not by the broken pipe.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
