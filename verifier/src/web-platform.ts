// SPDX-License-Identifier: Apache-2.0

/*
 * The parts of the Web platform that fetching needs. Neither the DOM library nor Node's types are loaded in this
 * package; where one of them is, the conditional type takes the real class, so that values pass without a cast.
 */

/** What we use of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Throws {@link reason} once the signal is aborted. */
  throwIfAborted(): void;
}

/** The environment's `AbortSignal`. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Real } }
  ? Real
  : AbortSignalLike;

/** What we use of a `Response`. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** What we use of `fetch`. */
export type Fetch = (
  url: string,
  init: { readonly redirect: 'error'; readonly signal: Signal },
) => Promise<FetchResponse>;

interface WebPlatform {
  readonly AbortSignal: {
    timeout(milliseconds: number): Signal;
    any(signals: Signal[]): Signal;
  };
  setTimeout(callback: () => void, milliseconds: number): unknown;
}

// Sound: both exist in every supported browser and in Node since 20.3.
const platform = globalThis as unknown as WebPlatform;

/** A signal that aborts after a time, or when the caller's own does. */
export function deadline(milliseconds: number, signal: Signal | undefined): Signal {
  const timeout = platform.AbortSignal.timeout(milliseconds);
  return signal === undefined ? timeout : platform.AbortSignal.any([timeout, signal]);
}

/** Waits. */
export async function delay(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    platform.setTimeout(resolve, milliseconds);
  });
}
