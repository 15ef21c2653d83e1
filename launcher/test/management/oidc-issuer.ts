// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';

/** How a token differs from a good one. */
export interface TokenWish {
  /** Which key signs; the newest one unless told. */
  readonly kid?: string;
  /** What the header says instead. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Claims that are added or, when `undefined`, left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** The roles that a VM knows unless its config file names others. */
export const MANAGER = 'privasys-platform:manager';
/** See {@link MANAGER}. */
export const MONITORING = 'privasys-platform:monitoring';

/** An OpenID Connect issuer on loopback, with discovery, a key set and tokens. */
export class OidcIssuer {
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  /** What it answers instead, by path. */
  readonly answers = new Map<string, (response: ServerResponse) => void>();
  readonly #now: () => number;
  readonly #keys: SigningKey[] = [];
  readonly #withdrawn = new Set<string>();
  #url = '';
  #server: Server | undefined;

  private constructor(now: () => number) {
    this.#now = now;
  }

  /** Starts an issuer with one key. */
  static async start(now: () => number, alg = 'ES256'): Promise<OidcIssuer> {
    const issuer = new OidcIssuer(now);
    await issuer.addKey(alg);
    const server = createServer((request, response) => {
      issuer.#respond(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer.#server = server;
    issuer.#url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    return issuer;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server?.close(() => {
        resolve();
      });
      this.#server?.closeAllConnections();
    });
  }

  /** Its identifier. */
  get url(): string {
    return this.#url;
  }

  /** How often its key set was asked for. */
  get keyRequests(): number {
    return this.requests.filter((path) => path === '/keys').length;
  }

  /** Adds a key, which signs from now on. */
  async addKey(alg: string): Promise<string> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${String(this.#keys.length + 1)}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.#keys.push({ kid, alg, privateKey, jwk });
    return kid;
  }

  /** Withdraws a key; it can still sign. */
  withdraw(kid: string): void {
    this.#withdrawn.add(kid);
  }

  /** Signs a token for an hour; the audience is that of Enclave OS. */
  token({ kid, header = {}, claims = {} }: TokenWish = {}): Promise<string> {
    const key = this.#keys.find((one) => one.kid === kid) ?? this.#keys.at(-1)!;
    const seconds = Math.floor(this.#now() / 1_000);
    const all: Record<string, unknown> = {
      iss: this.#url,
      aud: 'enclave-os-virtual',
      sub: 'alice',
      iat: seconds,
      exp: seconds + 3_600,
      roles: [MANAGER],
      ...claims,
    };
    // Signed as bytes: what makes no sense as claims is signed as well.
    return new CompactSign(Buffer.from(JSON.stringify(all)))
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
      .sign(key.privateKey, { crit: { x: true } });
  }

  #respond({ url = '' }: IncomingMessage, response: ServerResponse): void {
    this.requests.push(url);
    const answer = this.answers.get(url);
    if (answer !== undefined) {
      answer(response);
      return;
    }
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': {
        issuer: this.#url,
        jwks_uri: `${this.#url}/keys`,
        token_endpoint: `${this.#url}/token`,
      },
      '/keys': {
        keys: this.#keys.filter(({ kid }) => !this.#withdrawn.has(kid)).map(({ jwk }) => jwk),
      },
    };
    const document = documents[url];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  }
}
