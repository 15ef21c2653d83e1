// SPDX-License-Identifier: Apache-2.0
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { type Fetch, VerifierError } from '@proofgate/verifier';
import { isLocalhost } from '../loopback-lookup.ts';
import { fetchKeySet } from './fetch-key-set.ts';

/** Where Intel Trust Authority publishes its keys, by region (Intel Trust Authority documentation, 2026). */
export const ITA_JWKS_URL = {
  us: 'https://portal.trustauthority.intel.com/certs',
  eu: 'https://portal.eu.trustauthority.intel.com/certs',
} as const;

/** The issuer in its tokens. */
export const ITA_ISSUER = 'Intel Trust Authority';

/** Where keys come from: a key set that is at hand, or the URL it is fetched from when it is needed. */
export interface ItaKeySource {
  /** Tokens have to name exactly this URL; it is never taken from a token. */
  readonly jwksUrl: string;
  /** The key set, when it is not to be fetched. */
  readonly jwks?: JSONWebKeySet;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  /** Default 5 s. */
  readonly timeoutMs?: number;
}

/** Keys that tokens are verified with. Made by {@link itaKeys}; it caches what it fetches, so keep it. */
export interface ItaKeys {
  readonly jwksUrl: string;
  /** Finds the key that a token's header names. */
  readonly find: JWTVerifyGetKey;
}

const TIMEOUT_MS = 5_000;

/**
 * Makes the keys that tokens are verified with. Trust in a fetched key set is trust in TLS to its URL: only `https:`
 * is taken, and plain HTTP to this machine.
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT`, `ERR_ITA_KEYS_UNAVAILABLE` for a key set that is none
 * @example
 * ```ts
 * const keys = itaKeys({ jwksUrl: ITA_JWKS_URL.us });
 * ```
 */
export function itaKeys(source: ItaKeySource): ItaKeys {
  const url = checkedUrl(source.jwksUrl);
  const find = source.jwks === undefined ? remote(url, source) : local(source.jwks);
  return {
    jwksUrl: source.jwksUrl,
    find: async (header, token) => {
      try {
        return await find(header, token);
      } catch (error) {
        throw named(error, header.kid, source.jwksUrl);
      }
    },
  };
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url?.hostname === '127.0.0.1' || isLocalhost(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) return url;
  throw new VerifierError(
    'ERR_VERIFIER_ARGUMENT',
    'jwksUrl is not usable',
    {
      expected: 'an https URL',
      seen: text,
    },
    'misuse',
  );
}

function local(jwks: JSONWebKeySet): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(jwks);
  } catch (cause) {
    throw new VerifierError(
      'ERR_ITA_KEYS_UNAVAILABLE',
      'jwks is not a key set',
      { cause },
      'unavailable',
    );
  }
}

function remote(url: URL, source: ItaKeySource): JWTVerifyGetKey {
  const call: Fetch = source.fetch ?? fetch;
  return createRemoteJWKSet(url, {
    timeoutDuration: source.timeoutMs ?? TIMEOUT_MS,
    [customFetch]: async (address, { signal }) => fetchKeySet(call, address, signal),
  });
}

function named(error: unknown, kid: string | undefined, url: string): VerifierError {
  if (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return new VerifierError('ERR_ITA_KEY', 'the key set has no such key, or more than one', {
      expected: `a key of ${url}`,
      seen: `kid ${kid ?? 'missing'}`,
      cause: error,
    });
  }
  return new VerifierError(
    'ERR_ITA_KEYS_UNAVAILABLE',
    `no key set from ${url}`,
    {
      seen: error instanceof Error ? error.message : String(error),
      cause: error,
    },
    'unavailable',
  );
}
