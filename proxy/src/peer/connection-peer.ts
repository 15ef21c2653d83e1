// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { PeerProof } from './peer-proof.ts';
import type { RouteClients } from './route-clients.ts';

/** The end of a TLS connection that is not ours, where it may or has to prove itself. */
export class ConnectionPeer {
  /** Those of the host when the connection was opened. */
  readonly rules: RouteClients;
  /** DER, leaf first, as shown in the handshake; its key is the client's. Empty when it showed none. */
  readonly chain: readonly Uint8Array[];
  /** IP address. */
  readonly address: string;
  /** Names the connection to whoever reads its tokens, and tells nothing about it. */
  readonly connectionId: string;
  private proof: PeerProof | undefined;
  private refusal: ProxyError | undefined;
  private refusedTimes = 0;

  constructor(
    rules: RouteClients,
    chain: readonly Uint8Array[],
    address: string,
    connectionId: string,
  ) {
    this.rules = rules;
    this.chain = chain;
    this.address = address;
    this.connectionId = connectionId;
  }

  /**
   * Takes what the client has proved. Who has proved to be one TEE cannot become another one: what was answered on the
   * connection so far was answered to the first.
   *
   * @throws ProxyError ERR_PROXY_PEER_CHANGED; the client counts as refused then
   */
  accept(proof: PeerProof): void {
    const before = this.proof;
    if (before !== undefined && before.subject !== proof.subject) {
      const error = new ProxyError('ERR_PROXY_PEER_CHANGED', 'evidence is of another TEE', {
        expected: before.subject,
        seen: proof.subject,
        hint: 'open a new connection',
      });
      this.refuse(error);
      throw error;
    }
    this.refusal = undefined;
    this.proof = proof;
  }

  /** The client's last evidence does not hold, so that it is not taken for an anonymous one either. */
  refuse(error: ProxyError): void {
    this.refusal = error;
    this.refusedTimes += 1;
  }

  /** How often it was refused. */
  get refusals(): number {
    return this.refusedTimes;
  }

  /** Why it is refused, if it is. */
  get refused(): ProxyError | undefined {
    return this.refusal;
  }

  /** Whether it has to prove itself before it is served. */
  isUnproved(now: number): boolean {
    return this.refusal !== undefined || this.proof === undefined || now >= this.proof.until;
  }

  /**
   * What it has proved.
   *
   * @param rules of the host now
   * @returns `undefined` for a client that has shown no evidence and need not
   * @throws ProxyError ERR_PROXY_REQUEST_MISDIRECTED, ERR_PROXY_PEER_…
   */
  admit(rules: RouteClients, now: number): PeerProof | undefined {
    if (rules.id !== this.rules.id) throw otherRules();
    if (this.refusal !== undefined) throw this.refusal;
    const { proof } = this;
    if (proof === undefined) {
      if (rules.mode === 'optional') return undefined;
      throw new ProxyError('ERR_PROXY_PEER_REQUIRED', 'client has shown no evidence', {
        expected: 'evidence for the session, or a certificate that carries some',
        seen: this.chain.length === 0 ? 'no certificate' : 'a certificate',
      });
    }
    if (now < proof.until) return proof;
    if (proof.binding === 'certificate') {
      // Nothing that can be said on this connection would help, and clients know what to do then.
      throw new ProxyError('ERR_PROXY_REQUEST_MISDIRECTED', 'evidence has to be judged anew', {
        hint: 'open a new connection',
      });
    }
    throw new ProxyError('ERR_PROXY_PEER_EXPIRED', 'evidence of the client has expired', {
      expected: `evidence of later than ${new Date(proof.until).toISOString()}`,
    });
  }
}

/** What was proved, or not asked for, when a connection was opened says nothing under rules of later. */
export function otherRules(): ProxyError {
  const message = 'clients of this host are judged by other rules now';
  return new ProxyError('ERR_PROXY_REQUEST_MISDIRECTED', message, {
    hint: 'open a new connection',
  });
}
