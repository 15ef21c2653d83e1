// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { MAX_CHAIN_LENGTH, VerifierError } from '@proofgate/verifier';
import { loopbackLookup } from './loopback-lookup.ts';

/** Where to connect. */
export interface ConnectOptions {
  readonly host: string;
  /** Default 443. */
  readonly port?: number;
  /** Name for the server to choose its certificate by. Default: `host`, unless that is an address. */
  readonly servername?: string;
  /** An open connection to the host, such as a tunnel, to be used instead of a new one. */
  readonly socket?: Socket;
  /** What is going to be spoken. Default: `http/1.1`. */
  readonly alpnProtocols?: readonly string[];
  /** Private key of a certificate that is shown to hosts which ask for one, PEM. */
  readonly key?: string;
  /** That certificate and its chain, PEM, leaf first. */
  readonly cert?: string;
  /** For TCP and TLS together. Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A TLS connection whose peer has proved to hold the key of a certificate, and nothing else yet. */
export interface UnverifiedPeer {
  /** Write nothing confidential before the chain has been verified. */
  readonly socket: TLSSocket;
  /** DER, leaf first, as the peer presented it. */
  readonly chain: readonly Uint8Array[];
}

const TIMEOUT_MS = 10_000;

/**
 * Opens a TLS 1.3 connection and returns the certificates of the peer without judging them: Node's own checks know
 * nothing of evidence. Sessions are never resumed, because a resumed one shows no certificate.
 *
 * @throws VerifierError `ERR_CONNECT_UNAVAILABLE`, `ERR_CONNECT_TIMEOUT`
 */
export async function connectTls(options: ConnectOptions): Promise<UnverifiedPeer> {
  options.signal?.throwIfAborted();
  const servername = options.servername ?? (isIP(options.host) === 0 ? options.host : undefined);
  const socket = connect({
    host: options.host,
    port: options.port ?? 443,
    ...(servername === undefined ? {} : { servername }),
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    lookup: loopbackLookup,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [...(options.alpnProtocols ?? ['http/1.1'])],
    rejectUnauthorized: false,
  });
  try {
    await handshake(socket, options);
    return { socket, chain: presentedChain(socket) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function handshake(socket: TLSSocket, options: ConnectOptions): Promise<void> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const where = `${options.host}:${options.port ?? 443}`;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      finish(
        new VerifierError(
          'ERR_CONNECT_TIMEOUT',
          `${where} did not finish a TLS handshake`,
          {
            expected: `within ${timeoutMs} ms`,
          },
          'unavailable',
        ),
      );
    }, timeoutMs);
    const onAbort = (): void => {
      finish(options.signal?.reason ?? new Error('aborted'));
    };
    const onSecure = (): void => {
      finish(undefined);
    };
    const onError = (cause: Error): void => {
      finish(unavailable(where, cause.message, cause));
    };
    const onClose = (): void => {
      finish(unavailable(where, 'the connection was closed'));
    };
    const finish = (error: unknown): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      socket.off('secureConnect', onSecure).off('error', onError).off('close', onClose);
      if (error === undefined) resolve();
      // Errors of our own and the caller's abort reason pass through as they are.
      else reject(error as Error);
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', onSecure).once('error', onError).once('close', onClose);
  });
}

function unavailable(where: string, seen: string, cause?: Error): VerifierError {
  return new VerifierError(
    'ERR_CONNECT_UNAVAILABLE',
    `no TLS 1.3 connection to ${where}`,
    {
      seen,
      hint: 'check the address, and that the host serves this name over TLS 1.3',
      ...(cause === undefined ? {} : { cause }),
    },
    'unavailable',
  );
}

function presentedChain(socket: TLSSocket): readonly Uint8Array[] {
  if (socket.isSessionReused()) {
    throw new VerifierError(
      'ERR_CONNECT_UNAVAILABLE',
      'the TLS session was resumed',
      {
        hint: 'a resumed session shows no certificate',
      },
      'unavailable',
    );
  }
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length <= MAX_CHAIN_LENGTH) {
    chain.push(new Uint8Array(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
