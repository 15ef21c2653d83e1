// SPDX-License-Identifier: Apache-2.0
import type { HealthCheck } from '@proofgate/api';
import { probeHealth, type HealthTarget } from './health-probe.ts';
import { pause } from './pause.ts';

/** Until the first success a workload is asked more often than its interval, so that it serves as soon as it can. */
const STARTUP_INTERVAL_MS = 200;

/** What the monitor tells. */
export interface HealthListener {
  healthy(): void;
  unhealthy(problem: string): void;
}

/** A {@link HealthCheck} of the config file in the units that timers want. */
interface Probing {
  readonly target: HealthTarget;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
}

/**
 * Watches the health of one running workload until the signal aborts or the readiness timeout has passed.
 *
 * @param check - how often to ask, and when to give up
 * @param target - whom to ask
 * @param listener - told about every change
 * @param signal - ends the watching
 * @returns `not-ready` when there was no success within the readiness timeout, `ended` when the signal aborted
 */
export async function monitorHealth(
  check: HealthCheck,
  target: HealthTarget,
  listener: HealthListener,
  signal: AbortSignal,
): Promise<'not-ready' | 'ended'> {
  const probing = {
    target,
    intervalMs: check.interval_seconds * 1_000,
    timeoutMs: check.timeout_seconds * 1_000,
    retries: check.retries,
  };
  const limit = check.readiness_timeout_seconds;
  const ready = await awaitReadiness(
    probing,
    limit === 0 ? Infinity : limit * 1_000,
    listener,
    signal,
  );
  if (!ready) return signal.aborted ? 'ended' : 'not-ready';
  await watchReady(probing, listener, signal);
  return 'ended';
}

/** Before the first success, a workload counts as unhealthy after the time in which `retries` regular probes fail. */
async function awaitReadiness(
  { target, intervalMs, timeoutMs, retries }: Probing,
  limitMs: number,
  listener: HealthListener,
  signal: AbortSignal,
): Promise<boolean> {
  const started = performance.now();
  let reported = false;
  while (!signal.aborted) {
    const left = limitMs - (performance.now() - started);
    if (left <= 0) return false;
    const problem = await probeHealth(target, Math.min(timeoutMs, left), signal);
    if (signal.aborted) return false;
    if (problem === undefined) {
      listener.healthy();
      return true;
    }
    if (!reported && performance.now() - started >= retries * intervalMs) {
      listener.unhealthy(problem);
      reported = true;
    }
    await pause(Math.min(intervalMs, STARTUP_INTERVAL_MS), signal);
  }
  return false;
}

async function watchReady(
  { target, intervalMs, timeoutMs, retries }: Probing,
  listener: HealthListener,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  for (;;) {
    await pause(intervalMs, signal);
    if (signal.aborted) return;
    const problem = await probeHealth(target, timeoutMs, signal);
    if (signal.aborted) return;
    if (problem === undefined) {
      if (failures >= retries) listener.healthy();
      failures = 0;
    } else {
      failures += 1;
      if (failures === retries) listener.unhealthy(problem);
    }
  }
}
