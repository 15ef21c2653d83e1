// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { statusAnswerSchema, type ContainerStatus } from '@proofgate/api';

import type { ProgressLines } from '../output/progress-lines.ts';
import type { ManagementClient } from './management-client.ts';
import { progressRow } from './status-text.ts';

/** A load that was accepted, and how to tell that it is over. */
export interface AwaitedLoad {
  readonly name: string;
  readonly specDigest: string;
  /** Whether it is ready only when its health check has succeeded. */
  readonly checked: boolean;
}

/** What became of a load. */
export type LoadOutcome =
  | { readonly kind: 'up' | 'pending'; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly reason: string };

/** Often enough for a bar that moves, seldom enough to be no load. */
const POLL_INTERVAL_MS = 500;

/**
 * Watches loads until each is up or has failed, or the time is over.
 *
 * @param timeoutMs - after this long, what is not over yet is `pending`
 * @returns what became of each, in their order, and the status of all workloads at the end
 */
export async function awaitLoads(
  client: ManagementClient,
  loads: readonly AwaitedLoad[],
  progress: ProgressLines,
  timeoutMs: number,
): Promise<{
  readonly outcomes: readonly LoadOutcome[];
  readonly all: readonly ContainerStatus[];
}> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const all = await client.ask({ method: 'GET', path: '/api/v1/status' }, statusAnswerSchema);
    const found = loads.map((load) => all.find(({ name }) => name === load.name));
    progress.show(loads.map(({ name }, index) => progressRow(name, found[index])));
    const outcomes = loads.map((load, index) => outcomeOf(load, found[index]));
    const over = outcomes.every(({ kind }) => kind !== 'pending');
    if (over || performance.now() >= end) return { outcomes, all };
    await sleep(POLL_INTERVAL_MS);
  }
}

function outcomeOf(
  { name, specDigest, checked }: AwaitedLoad,
  status: ContainerStatus | undefined,
): LoadOutcome {
  if (status === undefined) return { kind: 'failed', name, reason: 'it was unloaded' };
  const version = [status.replacement, status].find((one) => one?.spec_digest === specDigest);
  if (version?.status === 'failed') {
    return { kind: 'failed', name, reason: version.error ?? 'no reason was given' };
  }
  // A program that is to run once has done so when it is stopped.
  const up = checked ? ['healthy', 'stopped'] : ['running', 'healthy', 'stopped'];
  const isUp = version === status && up.includes(status.status);
  return { kind: isUp ? 'up' : 'pending', name };
}
