// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { HostMode } from '@proofgate/api';

/** What a TLS server of one identity needs. */
export interface HostTlsOptions {
  readonly hostname: string;
  readonly mode: HostMode;
  /** See `Route.alpn`. */
  readonly alpn: readonly string[] | undefined;
  /** Asks clients for a certificate. Any will do here, or none: who is served is decided by what it proves. */
  readonly asksClients: boolean;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** Leaf first, in PEM. */
  readonly chain: string;
  readonly onSecure: (socket: TLSSocket) => void;
  readonly onFailed: (socket: TLSSocket, error: Error) => void;
}

/** In the order of our preference. */
const HTTP_ALPN = ['h2', 'http/1.1'] as const;

/**
 * The TLS engine for one identity: a server that never listens and is handed accepted sockets with
 * `emit('connection', socket)`. One server an identity, so that the identity which a connection was given is known
 * without asking the TLS stack, and replacing it never touches a connection that is open.
 *
 * TLS 1.3 alone. No session tickets: on a resumed session a client sees no certificate, thus no evidence.
 */
export function createHostTlsServer(options: HostTlsOptions): Server {
  // A byte stream has a protocol of its own, which its ALPN name says; that is not ours to choose.
  const { alpn = options.mode === 'http' ? HTTP_ALPN : undefined } = options;
  const server = createServer({
    key: options.privateKey,
    cert: options.chain,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    requestCert: options.asksClients,
    rejectUnauthorized: false,
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    // A second ClientHello after HelloRetryRequest is read by the TLS stack alone: it must name the same host.
    const { servername } = socket;
    if (typeof servername !== 'string' || servername.toLowerCase() !== options.hostname) {
      options.onFailed(socket, new Error('server name changed during the handshake'));
      return;
    }
    options.onSecure(socket);
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => options.onFailed(socket, error));
  return server;
}
