// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { connect } from 'node:net';
import { parseHostPort, type HealthCheck } from '@proofgate/api';
import type { ExecResult } from '../container/container-engine.ts';
import type { RunningInstance } from './runtime.ts';

/** How the health of a workload is asked for. */
export type HealthTarget =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'exec'; readonly run: ProbeProgram };

/**
 * Runs the program of a check.
 *
 * @param timeoutMs - after this long it is ended
 * @param signal - ends it at once
 * @returns `undefined` when it found the workload well, otherwise what was wrong
 */
export type ProbeProgram = (timeoutMs: number, signal: AbortSignal) => Promise<string | undefined>;

/** Names by which a workload may mean itself in its own check. */
const OWN_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** What a check's program may print before the rest is thrown away: the last line says what is wrong. */
const MAX_PROBE_OUTPUT_BYTES = 4_096;

/**
 * Whom a health check asks.
 *
 * @param check - a checked health check: exactly one of `http`, `tcp` and `exec` is set
 * @param instance - the workload that it is about; a workload with an address of its own means that by `localhost`
 * @returns the target
 */
export function healthTarget(
  { http, tcp, exec }: Pick<HealthCheck, 'http' | 'tcp' | 'exec'>,
  instance: Pick<RunningInstance, 'address' | 'exec'>,
): HealthTarget {
  if (exec !== undefined) return { kind: 'exec', run: probeProgram(exec, instance) };
  const host = instance.address?.host;
  if (http !== undefined) return { kind: 'http', url: ownUrl(http, host) };
  const address = parseHostPort(tcp ?? '');
  return { kind: 'tcp', host: ownHost(address.host, host), port: address.port };
}

/**
 * Asks once whether a workload is well. An HTTP target is well when it answers GET with a status of 200 to 399,
 * a TCP target when it accepts a connection, and a program when it exits with 0.
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
    return await ask(target, timeoutMs, limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

function ask(
  target: HealthTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  switch (target.kind) {
    case 'http':
      return probeHttp(target.url, signal);
    case 'tcp':
      return probeTcp(target, signal);
    case 'exec':
      return target.run(timeoutMs, signal);
  }
}

function probeProgram(
  argv: readonly string[],
  instance: Pick<RunningInstance, 'exec'>,
): ProbeProgram {
  return async (timeoutMs, signal) => {
    if (instance.exec === undefined) return 'no program can be run in it';
    try {
      const result = await instance.exec({
        argv,
        timeoutMs,
        maxOutputBytes: MAX_PROBE_OUTPUT_BYTES,
        signal,
      });
      return describeResult(result);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

function describeResult({ code, stdout, stderr }: ExecResult): string | undefined {
  if (code === 0) return undefined;
  const output = Buffer.from(stderr.length > 0 ? stderr : stdout).toString('utf8');
  const lastLine = output.trim().split('\n').at(-1) ?? '';
  const end = code === undefined ? 'its time was up' : `exit code ${String(code)}`;
  return lastLine === '' ? end : `${end}: ${lastLine}`;
}

function ownUrl(text: string, host: string | undefined): string {
  const url = new URL(text);
  url.hostname = ownHost(url.hostname, host);
  return url.href;
}

function ownHost(name: string, own: string | undefined): string {
  return own !== undefined && OWN_NAMES.includes(name) ? own : name;
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
