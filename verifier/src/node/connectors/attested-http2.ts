// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from 'node:http2';
import type { Verdict } from '@proofgate/verifier';
import { connectTls, type ConnectOptions } from '../connect-tls.ts';
import { asClient } from './client-identity.ts';
import { demandHttp2, HTTP2_PROTOCOLS } from './demand-http2.ts';
import { http2Exchange } from './http2-exchange.ts';
import { targetOfUrl } from './https-target.ts';
import { rememberVerdict } from './peer-verdicts.ts';
import { type PeerRequirements, verifyPeer } from './verify-peer.ts';

/** How an HTTP/2 session is opened. */
export interface AttestedHttp2Options
  extends
    Pick<ConnectOptions, 'timeoutMs' | 'signal'>,
    Pick<
      SecureClientSessionOptions,
      'settings' | 'maxSessionMemory' | 'maxHeaderListPairs' | 'peerMaxConcurrentStreams'
    > {}

/** An HTTP/2 session whose peer has been verified. */
export interface VerifiedHttp2Session {
  readonly session: ClientHttp2Session;
  readonly verdict: Verdict;
}

/**
 * Opens an HTTP/2 session to a peer that is verified first. Only the questions that verification needs are asked over
 * the session before. When the peer is refused, the connection is closed.
 *
 * @param authority such as `https://app.example.com`
 * @returns the session; `verdictOf` knows it and its `socket` too
 * @throws VerifierError and EvidenceError as `verifiedConnect`; `ERR_CONNECT_PROTOCOL` for a host without HTTP/2,
 *   `ERR_CONNECT_INSECURE`
 * @example
 * ```ts
 * const { session } = await attestedHttp2Connect('https://app.example.com', { policy, collateral, caRoots });
 * const stream = session.request({ ':path': '/' });
 * ```
 */
export async function attestedHttp2Connect(
  authority: string | URL,
  requirements: PeerRequirements,
  { timeoutMs, signal, ...http2 }: AttestedHttp2Options = {},
): Promise<VerifiedHttp2Session> {
  const url = new URL(authority);
  const target: ConnectOptions = {
    ...targetOfUrl(url, 'https:'),
    alpnProtocols: HTTP2_PROTOCOLS,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  };
  const peer = await connectTls(asClient(target, requirements.client));
  demandHttp2(peer.socket, url.host);
  let opened: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    opened ??= connect(url, { ...http2, createConnection: () => peer.socket }).on('error', ignore);
    return opened;
  };
  const verdict = await verifyPeer(peer, target, requirements, async (request, abort) =>
    http2Exchange(open())(request, abort),
  );
  const session = open().off('error', ignore);
  rememberVerdict(session, verdict);
  // Node hands out a stand-in for the socket, the same one each time.
  rememberVerdict(session.socket, verdict);
  return { session, verdict };
}

function ignore(): void {
  // The error also ends the question that is being asked, which reports it.
}
