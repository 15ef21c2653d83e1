// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic, type Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { findProgram } from './find-program.ts';
import { PrivateContainerd, privateSocket } from './private-containerd.ts';
import { answers } from './probe-containerd.ts';

/** Where a containerd that the system started listens, on every distribution. */
export const USUAL_SOCKET = '/run/containerd/containerd.sock';

/** Time in which a containerd that our containers are in has to answer: it may be starting together with us. */
export const ANSWER_TIMEOUT_MS = 20_000;
/** Time in which one that only might be there has to; where nobody listens, that shows at once. */
export const PROBE_TIMEOUT_MS = 5_000;

/** What containerd is looked for with. */
export interface FindContainerdOptions {
  /** From the config. */
  readonly socket: string | undefined;
  readonly usualSocket: string;
  /** Directory for images of a private one. */
  readonly dataDir: string;
  /** Directory that a restart of the VM empties; exists. */
  readonly runDir: string;
  readonly bootId: string;
  readonly programDirectories: readonly string[];
  /** Instead of {@link ANSWER_TIMEOUT_MS}. */
  readonly answerTimeoutMs?: number;
  readonly logger: Logger;
}

/** A containerd that answers. */
export interface FoundContainerd {
  readonly socket: string;
  /** Set when it belongs to the launcher alone. */
  readonly own: PrivateContainerd | undefined;
  /** Why this one, for people. */
  readonly reason: string;
}

/**
 * Finds the containerd to use: the one that the config names, else the one that was used before in this boot, since
 * containers may be running in it; else the system's; else one of our own.
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE when the one to be used does not answer,
 *   ERR_LAUNCHER_RUNTIME_UNAVAILABLE when there is none and the programs for a private one are not installed
 */
export async function findContainerd(options: FindContainerdOptions): Promise<FoundContainerd> {
  const found = await choose(options);
  await remember(options, found.socket);
  return found;
}

async function choose(options: FindContainerdOptions): Promise<FoundContainerd> {
  const { socket, usualSocket, answerTimeoutMs } = options;
  if (socket !== undefined) return mustAnswer(socket, 'the config names it', answerTimeoutMs);
  const before = await usedBefore(options);
  if (before !== undefined && before !== privateSocket(options.runDir)) {
    return mustAnswer(before, 'it was used before in this boot', answerTimeoutMs);
  }
  const probe = { timeoutMs: PROBE_TIMEOUT_MS, failFast: true };
  if (before === undefined && (await answers(usualSocket, probe))) {
    return { socket: usualSocket, own: undefined, reason: 'it is running' };
  }
  return startOwn(options);
}

async function mustAnswer(
  socket: string,
  reason: string,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<FoundContainerd> {
  if (await answers(socket, { timeoutMs })) return { socket, own: undefined, reason };
  throw new LauncherError(
    'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
    `containerd does not answer on ${socket}, and ${reason}`,
    { hint: 'start it, or name another socket in platform.containers.containerd_socket' },
  );
}

async function startOwn(options: FindContainerdOptions): Promise<FoundContainerd> {
  if (process.geteuid?.() !== 0) {
    throw new LauncherError(
      'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
      'no containerd is running, and only root can start one',
    );
  }
  const own = new PrivateContainerd({
    ...options,
    program: await findProgram('containerd', options.programDirectories),
  });
  try {
    await own.revive();
  } catch (error) {
    own.close();
    throw error;
  }
  return { socket: own.socket, own, reason: 'none is running, so the launcher has its own' };
}

/** @returns socket of the containerd that was used last, if that was in this boot */
async function usedBefore({ runDir, bootId }: FindContainerdOptions): Promise<string | undefined> {
  const text = await readFile(choiceFile(runDir), 'utf8').catch(() => '');
  const [boot, socket] = text.split('\n');
  return boot === bootId ? socket : undefined;
}

async function remember({ runDir, bootId }: FindContainerdOptions, socket: string): Promise<void> {
  await writeFileAtomic(choiceFile(runDir), `${bootId}\n${socket}\n`);
}

function choiceFile(runDir: string): string {
  return join(runDir, 'chosen');
}
