// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import {
  CallCredentials,
  ChannelCredentials,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';
import { CodedError } from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { connectTls, type ConnectOptions } from '../../connect-tls.ts';
import { asClient } from '../client-identity.ts';
import { demandHttp2, HTTP2_PROTOCOLS } from '../demand-http2.ts';
import { needsSession, type PeerRequirements, verifyPeer } from '../verify-peer.ts';
import { showPeer } from './call-verdict.ts';
import { targetOfChannel } from './channel-target.ts';
import { siblingExchange } from './sibling-exchange.ts';

/**
 * Credentials for a grpc-js channel whose connections are verified before a call is written to them. Call credentials
 * such as tokens can be composed with them and stay as confidential. A refusal makes calls fail with `UNAVAILABLE` and
 * our code and message in the details.
 *
 * The attestation document, if it is needed, comes over an HTTP/1.1 connection of its own. Evidence for the session is
 * not available: it has to be asked for on the same connection, and grpc-js starts HTTP/2 on that itself. A connection
 * has one preface, one count of streams and one header table (RFC 9113, sections 3.4, 5.1.1 and 4.3), so nothing can be
 * asked before, and grpc-js does not hand out its session.
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT` for requirements with evidence for the session
 * @example
 * ```ts
 * const client = new EchoClient('app.example.com:443', attestedChannelCredentials({ policy, collateral, caRoots }));
 * ```
 */
export function attestedChannelCredentials(requirements: PeerRequirements): ChannelCredentials {
  if (needsSession(requirements)) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'gRPC channels have no session evidence',
      {
        expected: 'freshness: certificate',
        seen: 'freshness: session',
        hint: 'use attestedHttp2Connect, or a policy with freshness: certificate',
      },
      'misuse',
    );
  }
  if (requirements.client?.prove !== undefined) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'gRPC channels cannot show evidence for the session',
      {
        expected: 'a client whose certificate carries evidence',
        seen: 'client.prove',
        hint: 'leave prove out, or use attestedHttp2Connect',
      },
      'misuse',
    );
  }
  return new AttestedChannelCredentials(requirements);
}

class AttestedChannelCredentials extends ChannelCredentials {
  readonly #requirements: PeerRequirements;

  constructor(requirements: PeerRequirements) {
    super();
    this.#requirements = requirements;
  }

  override _isSecure(): boolean {
    return true;
  }

  // Connections are shared between channels with equal credentials; other requirements must not share them.
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(
    channel: experimental.GrpcUri,
    options: ChannelOptions,
    callCredentials?: CallCredentials,
  ): experimental.SecureConnector {
    const target = targetOfChannel(channel, options);
    const requirements = this.#requirements;
    const tunnelled = 'grpc.http_connect_target' in options;
    return {
      connect: async (socket) => {
        // A name can stand for several machines: what else is to be asked is asked at the same address.
        const address = tunnelled ? undefined : socket.remoteAddress;
        const sibling = { ...target, host: address ?? target.host };
        return connect(socket, { target, sibling, requirements });
      },
      waitForReady: async () => Promise.resolve(),
      getCallCredentials: () => callCredentials ?? CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }
}

interface Wanted {
  readonly target: ConnectOptions;
  /** Where the attestation document is asked for. */
  readonly sibling: ConnectOptions;
  readonly requirements: PeerRequirements;
}

async function connect(
  socket: Socket,
  { target, sibling, requirements }: Wanted,
): Promise<experimental.SecureConnectResult> {
  try {
    const shown = asClient(target, requirements.client);
    const peer = await connectTls({ ...shown, socket, alpnProtocols: HTTP2_PROTOCOLS });
    demandHttp2(peer.socket, target.host);
    const verdict = await verifyPeer(peer, target, requirements, siblingExchange(sibling));
    const [leaf] = peer.chain;
    if (leaf !== undefined) showPeer(peer.socket, leaf, verdict);
    return { socket: peer.socket, secure: true };
  } catch (error) {
    // grpc-js keeps nothing of an error but its text.
    if (!(error instanceof CodedError)) throw error;
    throw new Error(`${String(error.code)}: ${error.message}`, { cause: error });
  }
}
