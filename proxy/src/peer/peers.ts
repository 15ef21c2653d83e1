// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { sha256, toBase64Url } from '@proofgate/evidence';
import type { Fetch, SessionEvidence, Tee } from '@proofgate/verifier';
import { ProxyError } from '../errors.ts';
import type { ClientDemand, ClientPresentation, ClientWish } from '../evidence/client-demand.ts';
import { exportSession } from '../evidence/session-exporter.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import { clientChain } from './client-chain.ts';
import { ConnectionPeer, otherRules } from './connection-peer.ts';
import { PeerCollateralStore } from './peer-collateral.ts';
import { anonymousHeaders, PEER_TOKEN_HEADER, proofHeaders } from './peer-headers.ts';
import type { PeerProof } from './peer-proof.ts';
import { PeerTokens, type PeerTokenKey, type TokenTarget } from './peer-token.ts';
import type { RouteClients } from './route-clients.ts';
import { VerificationPlaces } from './verification-places.ts';
import { evidenceInCertificate, peerRefusal, verifyPeer } from './verify-peer.ts';

/** What judging clients needs from outside. */
export interface PeersOptions {
  readonly now: () => Date;
  /** Reaches the collateral service, if one is configured. */
  readonly fetch: Fetch;
}

/** A connection, as far as its client has proved something. */
export type PeerConnection = Pick<ClientConnection, 'peer'>;

/** Evidence that does not hold, on one connection: what is shown again and again is not judged again and again. */
const MAX_REFUSALS = 8;

/** Label of the exporter that names a connection in tokens. It has nothing to do with evidence. */
const CONNECTION_LABEL = 'EXPORTER-proofgate-peer-connection-v1';

/** Of a host that does not ask who its clients are. */
const NOBODY: RawHeaders = [];

const TEES: Readonly<Record<ClientPresentation['tee'], Tee>> = {
  tdx: 'tdx',
  'tdx-gpu': 'tdx',
  sgx: 'sgx',
  'sev-snp': 'sev-snp',
};

/** The clients of one worker: what they have to prove, what they have proved, and what upstreams are told of it. */
export class Peers implements ClientDemand {
  private readonly options: PeersOptions;
  private readonly collateral: PeerCollateralStore;
  private readonly places = new VerificationPlaces();
  private readonly tokens = new PeerTokens();
  private readonly headers = new WeakMap<PeerProof, RawHeaders>();

  constructor(options: PeersOptions) {
    this.options = options;
    this.collateral = new PeerCollateralStore(options.fetch);
  }

  /** Signs tokens with another key from now on. */
  useKey(key: PeerTokenKey): void {
    this.tokens.useKey(key);
  }

  /**
   * The client of a connection whose handshake is complete, judged by the evidence in its certificate, if that is enough.
   * Never fails: a client that is refused is one that nothing is answered to.
   */
  async meet(socket: TLSSocket, rules: RouteClients, address: string): Promise<ConnectionPeer> {
    const peer = new ConnectionPeer(rules, clientChain(socket), address, connectionId(socket));
    try {
      const tee = evidenceInCertificate(peer.chain);
      // Evidence for a certificate's key cannot be for the session; the client may still show some that is.
      if (tee === undefined || rules.policy.freshness.mode === 'session') return peer;
      peer.accept(await this.verify({ peer, tee, gone: goneSignal(socket) }));
    } catch (error) {
      peer.refuse(peerRefusal(error));
    }
    return peer;
  }

  wishOf({ peer }: PeerConnection): ClientWish {
    if (peer === undefined) return 'none';
    const unproved = peer.isUnproved(this.options.now().getTime());
    if (unproved && peer.rules.mode === 'required') return 'required';
    if (peer.chain.length === 0) return 'none';
    // Whoever shows a certificate has something to prove, and may do so anew before its proof ends.
    return unproved ? 'required' : 'welcome';
  }

  /** @throws ProxyError ERR_PROXY_EVIDENCE_CLIENT, ERR_PROXY_PEER_BUSY, …_UNAVAILABLE, …_CHANGED */
  async judge(presentation: ClientPresentation, gone: AbortSignal): Promise<void> {
    const { peer } = presentation.connection;
    if (peer === undefined || peer.chain.length === 0) {
      throw new ProxyError('ERR_PROXY_EVIDENCE_CLIENT', 'client has no key in this session', {
        expected: 'a certificate in the handshake, whose key the evidence covers',
      });
    }
    if (peer.refusals >= MAX_REFUSALS) {
      throw new ProxyError('ERR_PROXY_EVIDENCE_CLIENT', 'client has been refused too often', {
        expected: `at most ${MAX_REFUSALS} refusals on a connection`,
        hint: 'open a new connection',
      });
    }
    const {
      context,
      exported,
      quote,
      gpuEvidence,
      contextAgeMs,
      collateral: stapled,
    } = presentation;
    const tee = TEES[presentation.tee];
    const requestedAt = new Date(this.options.now().getTime() - contextAgeMs);
    const session = { tee, bytes: quote, context, exported, gpuEvidence, requestedAt };
    try {
      peer.accept(await this.verify({ peer, tee, session, stapled, gone }));
    } catch (error) {
      const refusal = peerRefusal(error);
      if (refusal.code !== 'ERR_PROXY_PEER_REFUSED') throw refusal;
      peer.refuse(refusal);
      const { seen } = refusal;
      throw new ProxyError('ERR_PROXY_EVIDENCE_CLIENT', refusal.message, {
        cause: error,
        ...(seen === undefined ? {} : { seen }),
      });
    }
  }

  /**
   * What the upstream is told of a request's client.
   *
   * @param rules of the host now
   * @throws ProxyError ERR_PROXY_PEER_…, ERR_PROXY_REQUEST_MISDIRECTED when the request must not be forwarded
   */
  introduce(
    { peer }: PeerConnection,
    rules: RouteClients | undefined,
    request: TokenTarget,
  ): RawHeaders {
    const proof = this.admit({ peer }, rules);
    if (rules === undefined || peer === undefined) return NOBODY;
    const { privasysHeaders } = rules.settings;
    if (proof === undefined) return anonymousHeaders(privasysHeaders);
    const subject = { proof, connectionId: peer.connectionId };
    const token = this.tokens.tokenFor(subject, request, this.options.now().getTime());
    return [...this.headersOf(proof, privasysHeaders), PEER_TOKEN_HEADER, token];
  }

  /**
   * Whether a client may be served.
   *
   * @param rules of the host now
   * @returns what it has proved, if anything
   * @throws ProxyError ERR_PROXY_PEER_…, ERR_PROXY_REQUEST_MISDIRECTED when it may not
   */
  admit({ peer }: PeerConnection, rules: RouteClients | undefined): PeerProof | undefined {
    if (rules === undefined) return undefined;
    if (peer === undefined) throw otherRules();
    return peer.admit(rules, this.options.now().getTime());
  }

  private headersOf(proof: PeerProof, privasys: boolean): RawHeaders {
    const known = this.headers.get(proof);
    if (known !== undefined) return known;
    const headers = proofHeaders(proof, privasys);
    this.headers.set(proof, headers);
    return headers;
  }

  private verify({ peer, tee, session, stapled, gone }: Verification): Promise<PeerProof> {
    const { rules, chain, address } = peer;
    const verify = async (signal: AbortSignal): Promise<PeerProof> => {
      const collateral = this.collateral.find(rules, tee, stapled);
      const at = this.options.now();
      const evidence = session === undefined ? {} : { session };
      return verifyPeer({ rules, chain, collateral, at, signal, ...evidence });
    };
    return this.places.run(address, verify, gone);
  }
}

/** Evidence that is to be judged. */
interface Verification {
  readonly peer: ConnectionPeer;
  readonly tee: Tee;
  /** Without it, that of the certificate is meant. */
  readonly session?: SessionEvidence;
  readonly stapled?: Uint8Array | undefined;
  readonly gone: AbortSignal;
}

function goneSignal(socket: TLSSocket): AbortSignal {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return gone.signal;
}

function connectionId(socket: TLSSocket): string {
  try {
    return toBase64Url(sha256(exportSession(socket, CONNECTION_LABEL, new Uint8Array(0))));
  } catch {
    // The client has gone already; nothing will be forwarded.
    return '';
  }
}
