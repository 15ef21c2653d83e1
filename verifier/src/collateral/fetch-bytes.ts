// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { deadline, delay, type Fetch, type FetchResponse, type Signal } from '../web-platform.ts';

/** How a service is asked. */
export interface FetchOptions {
  readonly fetch: Fetch;
  readonly signal?: Signal;
  /** For one attempt. Default 10 s: Intel's service answers within two. */
  readonly timeoutMs?: number;
  /** Default 3. */
  readonly attempts?: number;
  /** Waits between attempts; a parameter so that tests need not. */
  readonly delay?: (milliseconds: number) => Promise<void>;
  /** A number from 0 up to 1, spreads clients that failed together. Default `Math.random`. */
  readonly random?: () => number;
}

/** An answer with its body read. */
export interface Fetched {
  readonly body: Uint8Array;
  readonly header: (name: string) => string | undefined;
}

/** The largest part of collateral, TCB info, has 7 KB; a revocation list can grow. */
export const MAX_COLLATERAL_PART: number = 1024 * 1024;
const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 250;

/**
 * Fetches a URL: bounded in size and time, redirects refused, failures that may pass repeated after a growing pause.
 *
 * @throws VerifierError `ERR_COLLATERAL_UNAVAILABLE`
 */
export async function fetchBytes(url: string, options: FetchOptions): Promise<Fetched> {
  const attempts = options.attempts ?? ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(url, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (attempt >= attempts || !mayPass(error)) throw asUnavailable(url, error);
    }
    const pause = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    const jitter = 0.5 + (options.random ?? Math.random)() / 2;
    await (options.delay ?? delay)(pause * jitter);
  }
}

/** An answer that is not 200. */
class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;

  constructor(status: number) {
    super(`HTTP status ${status}`);
    this.status = status;
  }
}

/** A body over the limit: asking again would not make it smaller. */
class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

async function fetchOnce(url: string, options: FetchOptions): Promise<Fetched> {
  const signal = deadline(options.timeoutMs ?? TIMEOUT_MS, options.signal);
  const response = await options.fetch(url, { redirect: 'error', signal });
  if (response.status !== 200) {
    await response.body?.getReader().cancel();
    throw new StatusError(response.status);
  }
  const body = await readBody(response);
  return { body, header: (name) => response.headers.get(name) ?? undefined };
}

async function readBody(response: FetchResponse): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value?.length ?? 0;
    if (size > MAX_COLLATERAL_PART) {
      await reader.cancel();
      throw new TooLargeError(`answer is over ${MAX_COLLATERAL_PART} bytes`);
    }
    if (value !== undefined) parts.push(value);
  }
  return concatBytes(...parts);
}

function mayPass(error: unknown): boolean {
  if (error instanceof TooLargeError) return false;
  if (!(error instanceof StatusError)) return true;
  return error.status === 429 || error.status >= 500;
}

function asUnavailable(url: string, cause: unknown): VerifierError {
  const seen = cause instanceof Error ? cause.message : String(cause);
  const unknown = cause instanceof StatusError && cause.status === 404;
  return new VerifierError(
    'ERR_COLLATERAL_UNAVAILABLE',
    `collateral from ${url} is unavailable`,
    {
      cause,
      seen,
      hint: unknown
        ? 'the service does not know this FMSPC; is it a PCS or PCCS for this kind of platform?'
        : 'check the URL and the network, then try again',
    },
    'unavailable',
  );
}
