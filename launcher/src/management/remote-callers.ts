// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http';
import type { AllowedContainer, OidcConfig } from '@proofgate/api';
import { LauncherError } from '../errors.ts';
import type { Caller, CallerPolicy } from '../workload-api/caller.ts';
import { FailureLimiter } from './failure-limiter.ts';
import type { IssuerAccess } from './oidc/issuer-document.ts';
import { allowedContainers } from './oidc/token-claims.ts';
import { TokenVerifier, type VerifiedToken } from './oidc/token-verifier.ts';

/** Somebody whose token has a role in the management API. */
export interface TokenHolder {
  /** `sub` of the token. */
  readonly subject: string;
  readonly role: 'monitoring' | 'manager';
  /** The containers that it is limited to; `undefined` when it is not. */
  readonly containers: readonly AllowedContainer[] | undefined;
}

/** What telling remote callers apart takes. */
export interface RemoteCallersOptions extends Partial<IssuerAccess> {
  readonly oidc: OidcConfig;
}

/** RFC 6750, section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Finds out who remote callers are by their tokens, and bounds how often an address may be wrong about it. */
export class RemoteCallers implements CallerPolicy {
  readonly audience: string;
  readonly #refusals = new Map<string, number>();
  readonly #config: OidcConfig;
  readonly #verifier: TokenVerifier;
  readonly #limiter: FailureLimiter;

  /** @throws LauncherError ERR_LAUNCHER_ISSUER_INVALID when the issuer's keys would come over plain HTTP */
  constructor({ oidc, fetch: call = fetch, now = Date.now }: RemoteCallersOptions) {
    this.audience = oidc.audience;
    this.#config = oidc;
    this.#verifier = new TokenVerifier(oidc, { fetch: call, now });
    this.#limiter = new FailureLimiter(now);
  }

  /** How many tokens were refused, by code. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  /**
   * Who sends a request, whatever roles the token carries.
   *
   * @throws LauncherError ERR_LAUNCHER_TOO_MANY_FAILURES before the token is looked at, ERR_LAUNCHER_TOKEN_MISSING;
   *   what {@link TokenVerifier} throws
   */
  identify(headers: IncomingHttpHeaders): Promise<Caller> {
    return this.#judge(headers, ({ subject, roles }) => ({ subject, roles }));
  }

  /**
   * What the sender of a request may do in the management API.
   *
   * @throws LauncherError as {@link identify}, ERR_LAUNCHER_TOKEN_NO_ROLE, ERR_LAUNCHER_CLAIM_REFUSED
   */
  holderOf(headers: IncomingHttpHeaders): Promise<TokenHolder> {
    return this.#judge(headers, ({ subject, roles, claims }) => ({
      subject,
      role: this.#roleAmong(roles),
      containers: allowedContainers(claims),
    }));
  }

  /** Whole seconds until a token of this sender is looked at again. */
  secondsToWait(headers: IncomingHttpHeaders): number {
    return Math.max(1, Math.ceil(this.#limiter.waitOf(addressOf(headers)) / 1_000));
  }

  async #judge<T>(headers: IncomingHttpHeaders, read: (token: VerifiedToken) => T): Promise<T> {
    const address = addressOf(headers);
    if (this.#limiter.waitOf(address) > 0) {
      throw new LauncherError('ERR_LAUNCHER_TOO_MANY_FAILURES', 'too many tokens were refused', {
        hint: 'try again later, with a token that is valid',
      });
    }
    const [, token] = BEARER.exec(headers.authorization ?? '') ?? [];
    if (token === undefined) {
      throw new LauncherError('ERR_LAUNCHER_TOKEN_MISSING', 'the request carries no bearer token', {
        expected: 'Authorization: Bearer and a token of the configured issuer',
      });
    }
    try {
      return read(await this.#verifier.verify(token));
    } catch (error) {
      // An issuer that is down is not the caller's mistake.
      if (error instanceof LauncherError && !error.code.startsWith('ERR_LAUNCHER_ISSUER_')) {
        this.#limiter.failed(address);
        this.#refusals.set(error.code, (this.#refusals.get(error.code) ?? 0) + 1);
      }
      throw error;
    }
  }

  #roleAmong(roles: ReadonlySet<string>): TokenHolder['role'] {
    const { manager_role: manager, monitoring_role: monitoring } = this.#config;
    if (roles.has(manager)) return 'manager';
    if (roles.has(monitoring)) return 'monitoring';
    throw new LauncherError('ERR_LAUNCHER_TOKEN_NO_ROLE', 'the token carries no role of this VM', {
      expected: `${manager} or ${monitoring}`,
    });
  }
}

/** Where a request comes from. The proxy removes what clients claim and says itself who its peer is. */
export function addressOf(headers: IncomingHttpHeaders): string {
  const forwarded = headers['x-forwarded-for'];
  return typeof forwarded === 'string' ? forwarded.slice(0, MAX_ADDRESS_CHARACTERS) : 'this VM';
}

/** An IPv6 address with a zone is shorter. */
const MAX_ADDRESS_CHARACTERS = 100;
