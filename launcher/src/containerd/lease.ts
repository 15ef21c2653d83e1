// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { ContainerdClient } from './containerd-client.ts';
import { ignoreMissing } from './containerd-error.ts';
import { LEASES } from './methods.ts';

/** Longest life of a lease that nobody ends: more than any image takes to unpack. */
export const LEASE_LIFETIME_MS: number = 24 * 60 * 60_000;

/**
 * Does something during which containerd collects nothing that is made under the lease. Afterwards what nothing else
 * refers to is gone.
 *
 * @param work - gets the name of the lease
 */
export async function withLease<Result>(
  client: ContainerdClient,
  work: (lease: string) => Promise<Result>,
): Promise<Result> {
  const id = `proofgate-${randomBytes(8).toString('hex')}`;
  const expires = new Date(Date.now() + LEASE_LIFETIME_MS).toISOString();
  await client.call(LEASES.create, { id, labels: { 'containerd.io/gc.expire': expires } });
  try {
    return await work(id);
  } finally {
    // If containerd is being restarted, the second attempt waits for it. What is left over then, the next launcher
    // ends, or time does; an error of the work matters more.
    const end = (): Promise<unknown> => client.call(LEASES.delete, { id, sync: true });
    await end().catch(() => end().catch(() => undefined));
  }
}

/** Ends leases that an earlier launcher left behind, so that what it was in the middle of is collected. */
export async function endLeases(client: ContainerdClient): Promise<void> {
  const { leases } = await client.call(LEASES.list, { filters: [] });
  for (const { id } of leases) {
    await client.call(LEASES.delete, { id, sync: true }).catch(ignoreMissing);
  }
}

/** Makes containerd remove from disk what nothing refers to; the end of a lease that holds nothing does that. */
export async function collectGarbage(client: ContainerdClient): Promise<void> {
  await withLease(client, () => Promise.resolve());
}
