// SPDX-License-Identifier: Apache-2.0
import { createLocalJWKSet, errors, type CryptoKey, type LocalJWKSet } from 'jose';
import { LauncherError } from '../../errors.ts';
import { fetchIssuerDocument, issuerUrl, type IssuerAccess } from './issuer-document.ts';

/** Keys this old are looked at again before they are used. */
export const KEYS_FRESH_MS = 300_000;
/** A key that the issuer has withdrawn is good for this long at most while the issuer cannot be reached. */
export const KEYS_STALE_MS = 3_600_000;
/** Between two questions, whatever tokens with made-up key ids arrive meanwhile. */
export const KEYS_COOLDOWN_MS = 30_000;
/** An issuer that was down is asked again a little sooner. */
export const KEYS_RETRY_MS = 5_000;
/** Issuers have two or three; each is tried by its id alone. */
const MAX_KEYS = 64;

interface FetchedKeys {
  readonly resolve: LocalJWKSet;
  readonly at: number;
}

/** Which key is wanted: header and token, as jose hands them over. */
type KeyQuestion = Parameters<LocalJWKSet>;

/**
 * The signing keys of an OpenID Connect issuer: found through discovery, kept, and asked for again when they are old
 * or a token names one that is not known. Many tokens at once cause one question.
 */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #access: IssuerAccess;
  #keys: FetchedKeys | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failure: Error | undefined;
  #asking: Promise<void> | undefined;

  /**
   * @param issuer - its identifier, the exact `iss` of its tokens
   * @throws LauncherError ERR_LAUNCHER_ISSUER_INVALID when keys must not come from there
   */
  constructor(issuer: string, access: IssuerAccess) {
    issuerUrl(issuer);
    this.#issuer = issuer;
    this.#access = access;
  }

  /**
   * The key that signed a token.
   *
   * @throws LauncherError ERR_LAUNCHER_ISSUER_UNAVAILABLE, ERR_LAUNCHER_ISSUER_INVALID; JOSEError when there is no such key
   */
  async keyOf(...question: KeyQuestion): Promise<CryptoKey> {
    const keys = await this.#current();
    try {
      return await keys.resolve(...question);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isCooling()) throw error;
      await this.#refresh();
      return (await this.#current()).resolve(...question);
    }
  }

  async #current(): Promise<FetchedKeys> {
    if (this.#ageOfKeys() >= KEYS_FRESH_MS && !this.#isCooling()) await this.#refresh();
    if (this.#keys !== undefined && this.#ageOfKeys() < KEYS_STALE_MS) return this.#keys;
    throw this.#failure ?? new LauncherError('ERR_LAUNCHER_ISSUER_UNAVAILABLE', 'no keys yet');
  }

  #ageOfKeys(): number {
    return this.#keys === undefined ? Number.POSITIVE_INFINITY : this.#access.now() - this.#keys.at;
  }

  /** While a question is under way, everybody waits for that one. */
  #isCooling(): boolean {
    const pause = this.#failure === undefined ? KEYS_COOLDOWN_MS : KEYS_RETRY_MS;
    return this.#asking === undefined && this.#access.now() - this.#askedAt < pause;
  }

  /** Never throws: keys that are there already may still do. */
  #refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#access.now();
    try {
      const resolve = await this.#fetchKeys();
      this.#keys = { resolve, at: this.#access.now() };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  async #fetchKeys(): Promise<LocalJWKSet> {
    // OpenID Connect Discovery 1.0, section 4.1: a slash at the end of the issuer is taken off first.
    const base = this.#issuer.replace(/\/$/, '');
    const location = issuerUrl(`${base}/.well-known/openid-configuration`);
    const description = await fetchIssuerDocument(location, this.#access);
    const { issuer, jwks_uri: keysUri } = asObject(description, 'a discovery document');
    // Section 4.3: an issuer that calls itself otherwise is another one.
    if (issuer !== this.#issuer || typeof keysUri !== 'string') {
      throw invalid('a discovery document', `issuer "${this.#issuer}" and a jwks_uri`, issuer);
    }
    const keySet = await fetchIssuerDocument(issuerUrl(keysUri), this.#access);
    const { keys } = asObject(keySet, 'a key set');
    if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
      throw invalid('a key set', `keys, at most ${String(MAX_KEYS)}`, keys);
    }
    return localKeys(keys.filter(isPublicSigningKey));
  }
}

function localKeys(keys: readonly object[]): LocalJWKSet {
  // Sound: jose checks every member of a key that it uses.
  const jwks = { keys: [...keys] } as Parameters<typeof createLocalJWKSet>[0];
  return createLocalJWKSet(jwks);
}

/** A key that is not for signatures, or that both sides know, has no business here. */
function isPublicSigningKey(key: unknown): key is object {
  if (typeof key !== 'object' || key === null || !('kty' in key)) return false;
  return key.kty === 'RSA' || key.kty === 'EC';
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw invalid(what, 'a JSON object', value);
  return { ...value };
}

function invalid(what: string, expected: string, seen: unknown): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_ISSUER_INVALID',
    `what the issuer gives as ${what} is none`,
    { expected, seen: typeof seen === 'string' ? seen.slice(0, 200) : typeof seen },
  );
}
