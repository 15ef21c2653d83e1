// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { sha256, toBase64Url, utf8 } from '@proofgate/evidence';
import type { PeerProof } from './peer-proof.ts';

/** How long a token holds: a request's way to the app behind the proxy, with clocks of one machine. */
export const PEER_TOKEN_SECONDS = 60;

/** A token is used for other requests of the same target until half of its time is over: then there is enough left. */
const REUSE_SECONDS: number = PEER_TOKEN_SECONDS / 2;

/** Targets of one connection whose tokens are kept: clients of an API ask for a few again and again. */
const MAX_KEPT_TOKENS = 16;

/** The type that tokens name (RFC 7515 section 4.1.9): a token for something else is not one of these. */
export const PEER_TOKEN_TYPE = 'proofgate-peer+jwt';

/** A key that tokens are signed with. */
export interface PeerTokenKey {
  readonly kid: string;
  /** PKCS #8, PEM. In memory and on the channel to workers alone. */
  readonly privateKey: string;
}

/** A request, as far as a token is bound to it. */
export interface TokenTarget {
  /** As the upstream gets it. */
  readonly method: string;
  /** Likewise: path and query. */
  readonly target: string;
  readonly hostname: string;
}

/** Who a token is about. */
export interface TokenSubject {
  readonly proof: PeerProof;
  /** Of the TLS connection. */
  readonly connectionId: string;
}

interface Kept {
  readonly token: string;
  readonly until: number;
}

/** Signs, for an upstream, what the client of a request has proved (JWS, RFC 7515, with ES256). */
export class PeerTokens {
  private key: { readonly header: string; readonly privateKey: KeyObject } | undefined;
  private kid: string | undefined;
  /** What does not change while a proof holds, by proof; and tokens that can be used again. */
  private readonly claims = new WeakMap<PeerProof, string>();
  private kept = new WeakMap<PeerProof, Map<string, Kept>>();

  /** Signs with another key from now on. */
  useKey({ kid, privateKey }: PeerTokenKey): void {
    if (kid === this.kid) return;
    const header = encode({ alg: 'ES256', typ: PEER_TOKEN_TYPE, kid });
    this.key = { header, privateKey: createPrivateKey(privateKey) };
    this.kid = kid;
    this.kept = new WeakMap();
  }

  /**
   * A token for one request; requests of the same method and target on the same connection may get the same one.
   *
   * @param now milliseconds since 1970
   * @throws TypeError before the first key, which every snapshot has
   */
  tokenFor(subject: TokenSubject, request: TokenTarget, now: number): string {
    const { proof } = subject;
    const kept = this.kept.get(proof) ?? new Map<string, Kept>();
    this.kept.set(proof, kept);
    const name = `${request.method} https://${request.hostname}${request.target}`;
    const found = kept.get(name);
    if (found !== undefined && now < found.until) return found.token;
    const seconds = Math.floor(now / 1_000);
    const token = this.sign(subject, request.hostname, name, seconds);
    kept.delete(name);
    kept.set(name, { token, until: Math.min((seconds + REUSE_SECONDS) * 1_000, proof.until) });
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT_TOKENS && oldest !== undefined) kept.delete(oldest);
    return token;
  }

  private sign(
    { proof, connectionId }: TokenSubject,
    hostname: string,
    request: string,
    seconds: number,
  ): string {
    if (this.key === undefined) throw new TypeError('no key to sign with');
    const own = {
      iss: `https://${hostname}`,
      iat: seconds,
      exp: Math.min(seconds + PEER_TOKEN_SECONDS, Math.ceil(proof.until / 1_000)),
      jti: randomUUID(),
      req: toBase64Url(sha256(utf8(request))),
    };
    // Both are members of one object: the longer part is made once for each proof.
    const text = `${JSON.stringify(own).slice(0, -1)},${this.claimsOf(proof, connectionId).slice(1)}`;
    const signed = `${this.key.header}.${Buffer.from(text).toString('base64url')}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: this.key.privateKey,
      // RFC 7518 section 3.4: r and s, without DER.
      dsaEncoding: 'ieee-p1363',
    });
    return `${signed}.${signature.toString('base64url')}`;
  }

  private claimsOf(proof: PeerProof, connectionId: string): string {
    const known = this.claims.get(proof);
    if (known !== undefined) return known;
    const claims = JSON.stringify({
      sub: proof.subject,
      cnf: { 'x5t#S256': toBase64Url(proof.certificateSha256), connection: connectionId },
      peer: {
        binding: proof.binding,
        tee: proof.tee,
        trust_anchor: proof.trustAnchor,
        key_sha256: proof.keySha256,
        measurements: Object.fromEntries(proof.measurements),
        ...(proof.appId === undefined ? {} : { app_id: proof.appId }),
        ...(proof.imageDigest === undefined ? {} : { image_digest: proof.imageDigest }),
        policy: proof.policy,
        until: Math.floor(proof.until / 1_000),
      },
    });
    this.claims.set(proof, claims);
    return claims;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
