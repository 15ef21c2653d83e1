// SPDX-License-Identifier: Apache-2.0
import type { QuoteMode } from '../ipc/evidence-messages.ts';
import { addressKey } from '../limits/address-key.ts';
import type { EvidenceSource, PendingSession } from './pending-session.ts';

/** How many sessions may wait for evidence at a time. */
export interface QuotePlaceLimits {
  /** In batches, all workers together; each worker has an equal share. */
  readonly batched: number;
  /** With a quote of their own, all workers together; likewise. */
  readonly challenges: number;
  /** Of one client address, or network of IPv6. */
  readonly perAddress: number;
  /** Of one host. */
  readonly perHost: number;
}

/** The sessions that wait for evidence, from their request to its answer, and the places that are left. */
export class QuotePlaces {
  private readonly sessions = new Map<EvidenceSource, Map<number, PendingSession>>();
  private readonly shares: Readonly<Record<QuoteMode, Tally>>;
  private readonly addresses: Tally;
  private readonly hosts: Tally;

  /** @param sources workers there are */
  constructor(limits: QuotePlaceLimits, sources: number) {
    const share = (of: number): Tally => new Tally(Math.max(1, Math.floor(of / sources)));
    this.shares = { batch: share(limits.batched), challenge: share(limits.challenges) };
    this.addresses = new Tally(limits.perAddress);
    this.hosts = new Tally(limits.perHost);
  }

  /** @returns false when there is no place left for it */
  enter(session: PendingSession): boolean {
    const { source, request } = session;
    const held = this.heldBy(session);
    if (!held.every(([tally, name]) => tally.hasRoom(name))) return false;
    for (const [tally, name] of held) tally.add(name);
    const own = this.sessions.get(source) ?? new Map<number, PendingSession>();
    this.sessions.set(source, own.set(request.ticket, session));
    return true;
  }

  leave(session: PendingSession): void {
    const { source, request } = session;
    for (const [tally, name] of this.heldBy(session)) tally.remove(name);
    const own = this.sessions.get(source);
    own?.delete(request.ticket);
    if (own?.size === 0) this.sessions.delete(source);
  }

  find(source: EvidenceSource, ticket: number): PendingSession | undefined {
    return this.sessions.get(source)?.get(ticket);
  }

  /** Numbers of the sessions of a source. */
  tickets(source: EvidenceSource): number[] {
    return [...(this.sessions.get(source)?.keys() ?? [])];
  }

  private heldBy({ source, request, identity }: PendingSession): readonly Held[] {
    return [
      [this.shares[request.mode], source],
      [this.addresses, addressKey(request.address)],
      [this.hosts, identity.hostname],
    ];
  }
}

type Held = readonly [Tally, unknown];

/** Counts under each of several names, up to a bound for each. */
class Tally {
  private readonly most: number;
  private readonly counts = new Map<unknown, number>();

  constructor(most: number) {
    this.most = most;
  }

  hasRoom(name: unknown): boolean {
    return (this.counts.get(name) ?? 0) < this.most;
  }

  add(name: unknown): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Names with nothing left are forgotten. */
  remove(name: unknown): void {
    const left = (this.counts.get(name) ?? 0) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
  }
}
