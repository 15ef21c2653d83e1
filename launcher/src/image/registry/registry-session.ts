// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';
import { parseChallenge, type Challenge } from './challenge.ts';
import type { HostRules } from './host-rules.ts';
import type { RegistryCredentials } from './registry-credentials.ts';
import { RegistryUnavailable, registryRefused, unauthorized } from './registry-fault.ts';
import { fetchToken } from './registry-token.ts';
import type { RegistryTransport, TransportResponse } from './registry-transport.ts';
import { isTransient, sendRequest } from './transport-errors.ts';

/** What a session needs. */
export interface RegistrySessionOptions {
  readonly repository: string;
  readonly rules: HostRules;
  readonly transport: RegistryTransport;
  /** Reads them anew, since whoever changed them does not restart the launcher. */
  readonly credentials: () => Promise<RegistryCredentials | undefined>;
}

/** An answer, and whose it is. */
export interface RegistryAnswer {
  readonly response: TransportResponse;
  readonly url: URL;
}

/** Registries send to a storage service, which may send on once or twice. */
const MAX_REDIRECTS = 5;
/** A token is a small answer of a busy service. */
const TOKEN_TIMEOUT_MS = 60_000;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Gets things from one repository: finds its way through authentication and redirects. */
export class RegistrySession {
  readonly #options: RegistrySessionOptions;
  /** Value of the Authorization header, once the registry has asked for one. */
  #authorization: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(options: RegistrySessionOptions) {
    this.#options = options;
  }

  /** As in messages. */
  get host(): string {
    return this.#options.rules.base.host;
  }

  /**
   * Sends a GET request.
   *
   * @param path - below the registry
   * @param accepted - statuses that the caller deals with
   * @throws LauncherError ERR_LAUNCHER_IMAGE_NOT_FOUND, ERR_LAUNCHER_REGISTRY_UNAUTHORIZED,
   *   ERR_LAUNCHER_REGISTRY_REFUSED, ERR_LAUNCHER_REGISTRY_UNAVAILABLE; the signal's reason
   */
  async get(
    path: string,
    headers: Readonly<Record<string, string>>,
    accepted: readonly number[],
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const used = this.#authorization;
    let answer = await this.#follow(path, headers, used, signal);
    if (answer.response.status === 401 && this.#isOwn(answer.url)) {
      answer.response.discard();
      const authorization = await this.#authorize(answer.response, used);
      answer = await this.#follow(path, headers, authorization, signal);
    }
    if (accepted.includes(answer.response.status)) return answer;
    answer.response.discard();
    throw this.#refusal(answer, path);
  }

  async #follow(
    path: string,
    headers: Readonly<Record<string, string>>,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const { rules, transport } = this.#options;
    let url = new URL(path, rules.base);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      // Whoever else is asked must not learn what lets us into the registry.
      const proof = this.#isOwn(url) && authorization !== undefined ? { authorization } : {};
      const all = { ...headers, ...proof, 'accept-encoding': 'identity' };
      const response = await sendRequest(transport, { url, headers: all, signal });
      if (!REDIRECTS.includes(response.status)) return { response, url };
      response.discard();
      url = rules.follow(response.header('location') ?? '', url, 'a redirect');
    }
    throw registryRefused(`${this.host} redirects too often`, {
      expected: `at most ${String(MAX_REDIRECTS)} redirects`,
      seen: 'more',
    });
  }

  #isOwn(url: URL): boolean {
    return url.origin === this.#options.rules.base.origin;
  }

  /** One renewal serves all requests that were refused meanwhile. */
  async #authorize(response: TransportResponse, used: string | undefined): Promise<string> {
    if (this.#authorization !== undefined && this.#authorization !== used) {
      return this.#authorization;
    }
    const challenge = parseChallenge(response.header('www-authenticate') ?? '');
    this.#renewal ??= this.#renew(challenge).finally(() => {
      this.#renewal = undefined;
    });
    return (this.#authorization = await this.#renewal);
  }

  async #renew(challenge: Challenge | undefined): Promise<string> {
    const credentials = await this.#options.credentials();
    if (challenge === undefined) {
      throw unauthorized(this.host, 'status 401 without a known challenge', 'use another registry');
    }
    if (challenge.kind === 'bearer' && credentials?.kind === 'token') {
      return `Bearer ${credentials.token}`;
    }
    if (challenge.kind === 'bearer') {
      // Others wait for it, too: the one who asked first must not take it along when he gives up.
      const signal = AbortSignal.timeout(TOKEN_TIMEOUT_MS);
      return `Bearer ${await fetchToken(challenge, { ...this.#options, credentials, signal })}`;
    }
    if (credentials?.kind === 'password') return `Basic ${credentials.basic}`;
    const seen =
      credentials === undefined ? 'no credentials' : 'a token, where a password is asked';
    throw unauthorized(this.host, seen, 'name a credentials_file with user:password');
  }

  #refusal({ response, url }: RegistryAnswer, path: string): Error {
    const seen = `status ${String(response.status)}`;
    const what = path.slice(0, 200);
    if (isTransient(response.status)) {
      const wait = retryAfter(response.header('retry-after'));
      return new RegistryUnavailable(`${url.host} cannot answer now`, { seen }, wait);
    }
    if (response.status === 404 && this.#isOwn(url)) {
      return new LauncherError('ERR_LAUNCHER_IMAGE_NOT_FOUND', `${url.host} has no ${what}`, {
        seen,
        hint: 'check the repository and the digest; some registries say so, too, when they want credentials',
      });
    }
    const isRefusal = response.status === 401 || response.status === 403;
    if (isRefusal && this.#isOwn(url)) {
      return unauthorized(url.host, seen, 'check the credentials_file of this registry');
    }
    return registryRefused(`${url.host} does not give ${what}`, {
      expected: 'status 200',
      seen,
    });
  }
}

/** Seconds (RFC 9110 section 10.2.3); the form with a date is not used by registries. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
