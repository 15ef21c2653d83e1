// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { connect } from 'node:net';
import { parseHostPort, type HealthCheck } from '@proofgate/api';

/** How the health of a workload is asked for. */
export type HealthTarget =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/**
 * Whom a health check asks.
 *
 * @param check - a checked health check: exactly one of `http` and `tcp` is set
 * @returns the target
 */
export function healthTarget(check: HealthCheck): HealthTarget {
  if (check.http !== undefined) return { kind: 'http', url: check.http };
  return { kind: 'tcp', ...parseHostPort(check.tcp ?? '') };
}

/**
 * Asks once whether a workload is well. An HTTP target is well when it answers GET with a status of 200 to 399,
 * a TCP target when it accepts a connection.
 *
 * @param target - whom to ask
 * @param timeoutMs - longest time for the whole exchange, in milliseconds
 * @param signal - gives up at once
 * @returns `undefined` when well, otherwise what was wrong
 */
export async function probeHealth(
  target: HealthTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = new AbortController();
  const giveUp = (): void => {
    limit.abort();
  };
  const timer = setTimeout(giveUp, timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await (target.kind === 'http'
      ? probeHttp(target.url, limit.signal)
      : probeTcp(target, limit.signal));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

function probeHttp(url: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A connection of its own each time: a kept one could be answered by a process that no longer accepts new ones.
    const probe = request(url, { agent: false, signal, headers: { connection: 'close' } });
    probe.once('response', (response) => {
      const status = response.statusCode ?? 0;
      // The status is all that counts; the body, which may be endless, is not waited for.
      response.on('error', () => undefined);
      response.destroy();
      resolve(status >= 200 && status <= 399 ? undefined : `status ${String(status)}`);
    });
    probe.on('error', (error) => {
      resolve(error.message);
    });
    probe.end();
  });
}

function probeTcp(
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error) => {
      resolve(error.message);
    });
  });
}
