// SPDX-License-Identifier: Apache-2.0
import { existsSync, watch } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { waitFor } from '@proofgate/daemon';

/** Where a server listens. */
export type Listener =
  { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** A container that takes longer than this, even one of many that start together, does not start. */
const LIMIT_MS = 60_000;

/** Between the making of a socket and the first connection that it takes. */
const INTERVAL_MS = 1;

/** Nobody may hang a measurement. */
const ATTEMPT_MS = 1_000;

/**
 * Waits until a server has made its socket, and does nothing meanwhile: whoever asks again and again takes the CPU from
 * what is being started.
 *
 * @param signal - ends the waiting
 * @returns path of the socket
 */
export async function socketOf(
  directory: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(directory, `${name}.sock`);
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(directory, () => {
      if (existsSync(path)) end(resolve);
    });
    const giveUp = (): void => {
      end(() => {
        reject(new Error(`${name} has not started`, { cause: signal.reason }));
      });
    };
    const timer = setTimeout(giveUp, LIMIT_MS);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      watcher.close();
      signal.removeEventListener('abort', giveUp);
      settle();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    else if (existsSync(path)) end(resolve);
  });
  return path;
}

/**
 * Asks a server until it answers with status 200 and its name.
 *
 * @param listener - where
 * @param name - what has to be in the body: an answer of anybody else does not count
 */
export async function firstAnswer(listener: Listener, name: string): Promise<void> {
  await waitFor(() => answers(listener, name), {
    timeoutMs: LIMIT_MS,
    intervalMs: INTERVAL_MS,
    what: `an answer of ${name}`,
  });
}

async function answers(listener: Listener, name: string): Promise<boolean> {
  const answer = await ask({ ...listener, path: '/', timeout: ATTEMPT_MS });
  if (answer === undefined) return false;
  if (answer.status === 200 && answer.body === name) return true;
  throw new Error(`${name} is not who answers: ${String(answer.status)} ${answer.body}`);
}

/** @returns `undefined` when nobody takes the connection yet */
function ask(options: RequestOptions): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const call = request({ ...options, agent: false });
    call.once('response', (response) => {
      text(response).then(
        (body) => {
          resolve({ status: response.statusCode ?? 0, body });
        },
        () => {
          resolve(undefined);
        },
      );
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => {
      resolve(undefined);
    });
    call.end();
  });
}
