// SPDX-License-Identifier: Apache-2.0
import type { ExtensionValue } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { checkExtensions, sameExtensions } from './extension-list.ts';

/**
 * Time between two certificates that a workload's extensions cause. Each costs a quote, about a second on hardware that
 * makes one at a time for the whole VM.
 */
export const MIN_REISSUE_MS = 10_000;

/**
 * Where extensions come from: set by a manager, asked for at a path of the workload, or given by it. Later ones win, so
 * that a manager adds to what a workload says and never replaces it.
 */
export const EXTENSION_SOURCES = ['managed', 'pulled', 'pushed'] as const;

/** One of {@link EXTENSION_SOURCES}. */
export type ExtensionSource = (typeof EXTENSION_SOURCES)[number];

/** Extensions by where they come from. */
export type SourcedExtensions = Readonly<Record<ExtensionSource, readonly ExtensionValue[]>>;

/** No extensions at all. */
export const NO_EXTENSIONS: SourcedExtensions = { managed: [], pulled: [], pushed: [] };

/** What a set of extensions needs. */
export interface DynamicExtensionsOptions {
  /** Called when {@link DynamicExtensions.published} has changed. */
  readonly onPublish: () => void;
  /** {@link MIN_REISSUE_MS} unless told. */
  readonly minReissueMs?: number;
}

/** What an instance of a workload says about itself in the certificate of its host. */
export class DynamicExtensions {
  readonly #options: DynamicExtensionsOptions;
  #wanted: SourcedExtensions = NO_EXTENSIONS;
  #published: readonly ExtensionValue[] = [];
  #publishedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DynamicExtensionsOptions) {
    this.#options = options;
  }

  /** What certificates are to carry now. */
  get published(): readonly ExtensionValue[] {
    return this.#published;
  }

  /** What is wanted, by source; some of it may not be published yet. */
  get wanted(): SourcedExtensions {
    return this.#wanted;
  }

  /** Milliseconds until what is wanted is published; 0 when it is. */
  get pendingMs(): number {
    return this.#timer === undefined ? 0 : this.#leftMs();
  }

  /**
   * Replaces what one source wants. Published at once, or when the last change has been in force for long enough.
   *
   * @param source - who wants it
   * @param extensions - all that it wants
   * @returns whether anything is different now
   * @throws LauncherError ERR_LAUNCHER_EXTENSIONS_REFUSED when it is not acceptable beside that of the other sources, or a
   *   manager sets what the workload says itself; nothing has changed then
   */
  set(source: ExtensionSource, extensions: readonly ExtensionValue[]): boolean {
    const before = this.#wanted[source];
    const wanted = { ...this.#wanted, [source]: checkExtensions(extensions) };
    if (source === 'managed') refuseOverrides(this.#wanted, wanted.managed);
    checkExtensions(merge(wanted));
    this.#wanted = wanted;
    this.#schedule();
    return !sameExtensions(before, wanted[source]);
  }

  /**
   * Sets all sources without a wait: what an earlier launcher had published already.
   *
   * @param extensions - as {@link wanted} gave them
   */
  restore(extensions: SourcedExtensions): void {
    this.#wanted = extensions;
    this.#publish(checkExtensions(merge(extensions)));
  }

  /**
   * Withdraws everything at once: the instance that said it is gone.
   *
   * @returns whether there was anything published
   */
  clear(): boolean {
    const before = this.#published;
    this.#wanted = NO_EXTENSIONS;
    this.#publish([]);
    return before.length > 0;
  }

  /** Publishes nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    const next = checkExtensions(merge(this.#wanted));
    if (sameExtensions(next, this.#published)) {
      this.close();
      return;
    }
    const leftMs = this.#leftMs();
    if (leftMs <= 0) {
      this.#publish(next);
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#publish(checkExtensions(merge(this.#wanted)));
    }, leftMs).unref();
  }

  #publish(extensions: readonly ExtensionValue[]): void {
    this.close();
    if (sameExtensions(extensions, this.#published)) return;
    this.#published = extensions;
    // What is withdrawn does not count: the next instance says the same again.
    if (extensions.length > 0) this.#publishedAt = performance.now();
    this.#options.onPublish();
  }

  #leftMs(): number {
    const { minReissueMs = MIN_REISSUE_MS } = this.#options;
    return Math.max(0, Math.ceil(this.#publishedAt + minReissueMs - performance.now()));
  }
}

/** What was there before the workload said otherwise may stay: it has no effect. */
function refuseOverrides(before: SourcedExtensions, managed: readonly ExtensionValue[]): void {
  const own = new Set([...before.pulled, ...before.pushed].map(({ oid }) => oid));
  for (const extension of managed) {
    const kept = before.managed.filter(({ oid }) => oid === extension.oid);
    if (!own.has(extension.oid) || sameExtensions(kept, [extension])) continue;
    throw new LauncherError(
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
      `the workload itself says what extension ${extension.oid} is`,
      { expected: 'an OID that the workload does not use', seen: extension.oid },
    );
  }
}

/** One value for each OID: that of the source which comes last. */
function merge(extensions: SourcedExtensions): readonly ExtensionValue[] {
  const byOid = new Map<string, ExtensionValue>();
  for (const source of EXTENSION_SOURCES) {
    for (const extension of extensions[source]) byOid.set(extension.oid, extension);
  }
  return [...byOid.values()];
}
