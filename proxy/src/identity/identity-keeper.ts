// SPDX-License-Identifier: Apache-2.0
import { backoff, type Backoff, type Logger } from '@proofgate/daemon';
import type { Clock } from '../clock.ts';
import { ProxyError } from '../errors.ts';
import type { IdentitySpec } from './identity-spec.ts';
import type { Identity } from './mint-identity.ts';
import { Slots } from './slots.ts';

/** Share of its life after which an identity is replaced: a fifth is left for a platform that does not answer. */
export const REFRESH_AT = 0.8;

/** Share of the life by which a refresh may come earlier, so that hosts minted together do not stay together. */
export const REFRESH_JITTER = 0.05;

/** Quotes are made one at a time; more than a few waiting identities only fill the attester's queue. */
export const MAX_PARALLEL_MINTS = 4;

/** Pauses after a failure: short enough that a hiccup is not noticed, long enough not to hammer a broken quoter. */
const RETRY = { initialMs: 500, maxMs: 60_000 } as const;

/** What the keeper needs. */
export interface IdentityKeeperOptions {
  readonly mint: (spec: IdentitySpec, at: Date, signal: AbortSignal) => Promise<Identity>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** An identity has come or gone. */
  readonly onChange: () => void;
}

/**
 * Keeps one valid identity for each host, made ahead of need. A host has at most one identity under way; a failure is
 * tried again while the old identity serves on until its end.
 */
export class IdentityKeeper {
  private readonly options: IdentityKeeperOptions;
  private readonly slots = new Slots(MAX_PARALLEL_MINTS);
  private readonly entries = new Map<string, Entry>();

  constructor(options: IdentityKeeperOptions) {
    this.options = options;
  }

  /** Makes these the hosts. A host that is gone loses its identity at once. */
  update(specs: readonly IdentitySpec[]): void {
    const wanted = new Set(specs.map(({ hostname }) => hostname));
    for (const [hostname, entry] of this.entries) {
      if (wanted.has(hostname)) continue;
      entry.close();
      this.entries.delete(hostname);
    }
    for (const spec of specs) {
      const entry = this.entries.get(spec.hostname);
      if (entry === undefined) {
        this.entries.set(spec.hostname, new Entry(spec, this.options, this.slots));
      } else {
        entry.want(spec);
      }
    }
  }

  /** Replaces all identities, as after a change of the CA; those there are serve until then. */
  renewAll(): void {
    for (const entry of this.entries.values()) entry.renew();
  }

  /** The identity of a host, if it has one that is valid now. It may be for an older spec than the host's. */
  find(hostname: string): Identity | undefined {
    return this.entries.get(hostname)?.current();
  }

  /** When the next identity of a host is to be made; absent while one is under way. */
  renewalOf(hostname: string): Date | undefined {
    return this.entries.get(hostname)?.nextAt;
  }

  /**
   * Whether the last identity that was made for a host could not be released, because what it was to say is not what
   * the machine has measured. An older identity may serve on.
   */
  isContradicted(hostname: string): boolean {
    return this.entries.get(hostname)?.contradicted ?? false;
  }

  /** Stops everything under way. */
  close(): void {
    for (const entry of this.entries.values()) entry.close();
    this.entries.clear();
  }
}

class Entry {
  /** Until the next identity: a quoter that fails in the meantime does not refute it. */
  contradicted = false;
  nextAt: Date | undefined;
  private readonly options: IdentityKeeperOptions;
  private readonly slots: Slots;
  private readonly retry: Backoff;
  private readonly abort = new AbortController();
  private spec: IdentitySpec;
  private identity: Identity | undefined;
  private minting = false;
  /** What is being made is out of date already. */
  private outdated = false;
  private cancelTimer: () => void = () => undefined;
  private cancelExpiry: () => void = () => undefined;

  constructor(spec: IdentitySpec, options: IdentityKeeperOptions, slots: Slots) {
    this.options = options;
    this.slots = slots;
    this.retry = backoff({ ...RETRY, random: options.random });
    this.spec = spec;
    this.start();
  }

  want(spec: IdentitySpec): void {
    const changed = spec.fingerprint !== this.spec.fingerprint;
    this.spec = spec;
    if (changed) this.renew();
  }

  renew(): void {
    this.retry.reset();
    if (this.minting) this.outdated = true;
    else this.start();
  }

  current(): Identity | undefined {
    const { identity } = this;
    return identity !== undefined && this.options.clock.now() < identity.notAfter
      ? identity
      : undefined;
  }

  close(): void {
    this.abort.abort(new Error('the host is gone'));
    this.cancelTimer();
    this.cancelExpiry();
  }

  private start(): void {
    this.cancelTimer();
    this.nextAt = undefined;
    this.minting = true;
    this.outdated = false;
    void this.slots
      .run(() => this.mint())
      .then(
        (identity) => this.finish(identity, undefined),
        (error: unknown) => this.finish(undefined, error),
      );
  }

  private mint(): Promise<Identity> {
    const { signal } = this.abort;
    signal.throwIfAborted();
    // What was waited for may have changed since.
    this.outdated = false;
    return this.options.mint(this.spec, this.options.clock.now(), signal);
  }

  private finish(identity: Identity | undefined, error: unknown): void {
    this.minting = false;
    if (this.abort.signal.aborted) return;
    if (this.outdated) {
      this.start();
    } else if (identity === undefined) {
      this.fail(error);
    } else {
      this.accept(identity);
    }
  }

  private fail(error: unknown): void {
    const { logger } = this.options;
    // What quoter, CA and document can refuse has classes of its own.
    this.contradicted ||= error instanceof ProxyError;
    const pauseMs = this.retry.next();
    const { hostname } = this.spec;
    logger.error({ host: hostname, pauseMs, err: error }, 'identity could not be made');
    this.startIn(pauseMs);
  }

  private startIn(ms: number): void {
    const { clock } = this.options;
    this.nextAt = new Date(clock.now().getTime() + ms);
    this.cancelTimer = clock.after(ms, () => this.start());
  }

  private accept(identity: Identity): void {
    const { clock, random, logger, onChange } = this.options;
    this.retry.reset();
    this.contradicted = false;
    this.identity = identity;
    const leftMs = identity.notAfter.getTime() - clock.now().getTime();
    const refreshMs = Math.round(leftMs * (REFRESH_AT - REFRESH_JITTER * random()));
    this.startIn(refreshMs);
    this.cancelExpiry();
    this.cancelExpiry = clock.after(leftMs, onChange);
    const { hostname } = this.spec;
    const { id, notAfter } = identity;
    logger.info({ host: hostname, serial: id, notAfter, refreshMs }, 'identity made');
    onChange();
  }
}
