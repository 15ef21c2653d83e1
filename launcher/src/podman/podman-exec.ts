// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { waitFor } from '@proofgate/daemon';
import type { ExecRequest, ExecResult } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import { flagIn, integerIn, objectOf, textIn } from './answer-fields.ts';
import type { EngineSocket } from './engine-socket.ts';
import { MultiplexedOutput } from './multiplexed-output.ts';
import { LIBPOD } from './podman-images.ts';
import { sendSignal, SIGKILL } from './send-signal.ts';

/** From the end of a program's output until podman knows its exit code. */
const EXIT_CODE_TIMEOUT_MS = 5_000;

/** From the request to start a program until it is a process, on a busy machine. */
const START_TIMEOUT_MS = 2_000;

/** A program in a container, as podman describes it. */
interface ExecSession {
  readonly running: boolean;
  /** Whether it has run. */
  readonly ended: boolean;
  readonly exitCode: number;
  /** 0 before it runs. */
  readonly pid: number;
}

/**
 * Runs a program in a container, confined as the container is.
 *
 * @param engine - podman
 * @param container - that runs
 * @param request - the program
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED or ERR_LAUNCHER_ENGINE_UNAVAILABLE; the signal's reason
 */
export async function execInPodman(
  engine: EngineSocket,
  container: string,
  request: ExecRequest,
): Promise<ExecResult> {
  const id = await createSession(engine, container, request);
  const output = new MultiplexedOutput(request.maxOutputBytes);
  const timeUp = AbortSignal.timeout(request.timeoutMs);
  const own = request.signal === undefined ? [] : [request.signal];
  const giveUp = AbortSignal.any([timeUp, ...own]);
  try {
    const stream = await startSession(engine, id, giveUp);
    for await (const bytes of stream) output.push(bytes as Uint8Array); // no encoding: bytes
    const exitCode = await exitCodeOf(engine, id, giveUp);
    return { code: exitCode, ...output.output };
  } catch (error) {
    if (!giveUp.aborted) throw brokenOff(container, error);
  }
  await killSession(engine, id);
  request.signal?.throwIfAborted();
  return { code: undefined, ...output.output };
}

async function createSession(
  engine: EngineSocket,
  container: string,
  { argv, signal }: ExecRequest,
): Promise<string> {
  const answer = await engine.call({
    method: 'POST',
    what: `prepare a program in container ${container}`,
    path: `${LIBPOD}/containers/${container}/exec`,
    body: { Cmd: argv, AttachStdout: true, AttachStderr: true },
    ...(signal === undefined ? {} : { signal }),
  });
  return textIn(objectOf(answer, 'exec'), 'Id');
}

function startSession(
  engine: EngineSocket,
  id: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return engine.stream({
    method: 'POST',
    what: 'start a program in a container',
    path: `${LIBPOD}/exec/${id}/start`,
    body: { Detach: false, Tty: false },
    signal,
  });
}

async function exitCodeOf(engine: EngineSocket, id: string, signal: AbortSignal): Promise<number> {
  const ended = async (): Promise<ExecSession | undefined> => {
    const session = await inspectSession(engine, id);
    return session?.ended === true ? session : undefined;
  };
  const options = { timeoutMs: EXIT_CODE_TIMEOUT_MS, signal, what: 'exit code of a program' };
  const { exitCode } = await waitFor(ended, options);
  return exitCode;
}

async function inspectSession(engine: EngineSocket, id: string): Promise<ExecSession | undefined> {
  const answer = await engine.callIfThere({
    method: 'GET',
    what: 'inspect a program in a container',
    path: `${LIBPOD}/exec/${id}/json`,
  });
  if (answer === undefined) return undefined;
  const session = objectOf(answer, 'exec');
  return {
    running: flagIn(session, 'Running'),
    ended: flagIn(session, 'CanRemove'),
    exitCode: integerIn(session, 'ExitCode'),
    pid: integerIn(session, 'Pid'),
  };
}

/**
 * Podman has no call for it, but its processes are processes of this machine. A program that is just being started is
 * waited for; one whose start podman gave up never is one.
 */
async function killSession(engine: EngineSocket, id: string): Promise<void> {
  const settled = async (): Promise<boolean> => {
    const session = await inspectSession(engine, id);
    if (session === undefined || session.ended) return true;
    if (!session.running || session.pid <= 0) return false;
    sendSignal(session.pid, SIGKILL);
    return true;
  };
  await waitFor(settled, { timeoutMs: START_TIMEOUT_MS }).catch(() => undefined);
}

function brokenOff(container: string, cause: unknown): unknown {
  if (cause instanceof LauncherError) return cause;
  const message = `podman broke off the output of a program in container ${container}`;
  return new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', message, { cause });
}
