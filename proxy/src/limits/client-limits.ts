// SPDX-License-Identifier: Apache-2.0
import type { AddressRange } from '@proofgate/api';
import type { ProxyErrorCode } from '../errors.ts';
import { Account, type AccountLimits } from './account.ts';
import { addressKey } from './address-key.ts';
import { addressMatcher } from './address-matcher.ts';
import { RecentMap } from './recent-map.ts';

/** What bounds one client address, in each worker. */
export interface AddressLimits extends AccountLimits {
  /** Addresses that this does not bound. */
  readonly exempt: readonly AddressRange[];
}

/**
 * Addresses without a connection that are remembered for what they have used up. Each takes some 400 bytes. Whoever has
 * more addresses than this is stopped by no limit for one of them.
 */
export const MAX_IDLE_ADDRESSES = 16_384;

/** What the requests of one connection are counted under. */
export interface ClientBudget {
  /** Why a request is refused, or `undefined`: then it is counted. */
  request(now: number): ProxyErrorCode | undefined;
  /** Content of a request has arrived. */
  charge(bytes: number, now: number): void;
}

/**
 * Keeps client addresses and hosts within their limits. Each worker counts for itself: which of them gets a connection is
 * up to the kernel, and nothing is shared on the way of a request.
 */
export class ClientLimits {
  private readonly perAddress: AddressLimits | undefined;
  private readonly isExempt: (address: string) => boolean;
  private readonly hostLimits: (hostname: string) => AccountLimits | undefined;
  /** Those with open connections, of which a worker has a bounded number. */
  private readonly busy = new Map<string, Account>();
  private readonly idle = new RecentMap(MAX_IDLE_ADDRESSES, () => new Account());
  private readonly hosts = new Map<string, Account>();
  private readonly guests = new WeakMap<object, Guest>();

  /** @param hostLimits of a host, as they are now; `undefined` where nothing bounds it */
  constructor(
    perAddress: AddressLimits | undefined,
    hostLimits: (hostname: string) => AccountLimits | undefined,
  ) {
    this.perAddress = perAddress;
    this.isExempt = addressMatcher(perAddress?.exempt ?? []);
    this.hostLimits = hostLimits;
  }

  /**
   * A connection was accepted.
   *
   * @param connection is named again when it is for a host, and when it closes
   * @returns why it is refused
   */
  enter(connection: object, address: string, now: number): ProxyErrorCode | undefined {
    const { perAddress } = this;
    if (perAddress === undefined || this.isExempt(address)) return undefined;
    const key = addressKey(address);
    const account = this.busy.get(key) ?? this.idle.use(key);
    const refusal = account.enter(perAddress, now);
    if (refusal !== undefined) return refusal;
    this.idle.take(key);
    this.busy.set(key, account);
    this.guestOf(connection).add(
      account,
      () => perAddress,
      () => this.leave(key, account),
    );
    return undefined;
  }

  /** A connection has said which host it is for. @returns why it is refused */
  enterHost(connection: object, hostname: string, now: number): ProxyErrorCode | undefined {
    const present = this.hostLimits(hostname);
    if (present === undefined) return undefined;
    const limits = (): AccountLimits => this.hostLimits(hostname) ?? NO_LIMITS;
    const account = this.hosts.get(hostname) ?? new Account();
    const refusal = account.enter(present, now);
    this.hosts.set(hostname, account);
    if (refusal !== undefined) return refusal;
    this.guestOf(connection).add(account, limits, () => account.leave());
    return undefined;
  }

  /** A connection has closed. */
  close(connection: object): void {
    this.guests.get(connection)?.leave();
    this.guests.delete(connection);
  }

  /** What a connection may ask for. */
  budgetOf(connection: object): ClientBudget | undefined {
    return this.guests.get(connection);
  }

  /** Forgets hosts that nothing bounds any more. */
  forgetHosts(): void {
    for (const [hostname, account] of this.hosts) {
      if (account.idle && this.hostLimits(hostname) === undefined) this.hosts.delete(hostname);
    }
  }

  private guestOf(connection: object): Guest {
    const known = this.guests.get(connection) ?? new Guest();
    this.guests.set(connection, known);
    return known;
  }

  private leave(key: string, account: Account): void {
    account.leave();
    if (!account.idle) return;
    this.busy.delete(key);
    this.idle.put(key, account);
  }
}

const NO_LIMITS: AccountLimits = {};

/** A connection that was let in: under its address, under its host, or both. */
class Guest implements ClientBudget {
  private readonly accounts: (readonly [Account, () => AccountLimits])[] = [];
  private readonly leavings: (() => void)[] = [];

  add(account: Account, limits: () => AccountLimits, onLeave: () => void): void {
    this.accounts.push([account, limits]);
    this.leavings.push(onLeave);
  }

  leave(): void {
    for (const onLeave of this.leavings.splice(0)) onLeave();
  }

  request(now: number): ProxyErrorCode | undefined {
    for (const [account, limits] of this.accounts) {
      const refusal = account.request(limits(), now);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  charge(bytes: number, now: number): void {
    for (const [account, limits] of this.accounts) account.charge(limits(), bytes, now);
  }
}
