// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server, type Socket } from 'node:net';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import { ClientEndpoints } from '../proxy-protocol/client-endpoints.ts';
import type { Endpoints } from '../proxy-protocol/header-format.ts';
import { readProxyHeader } from '../proxy-protocol/read-proxy-header.ts';
import type { TrustedSources } from '../proxy-protocol/trusted-sources.ts';
import { ClientHelloReader } from './client-hello-reader.ts';
import { HandshakeDeadlines, type EndedHandshake } from './handshake-deadlines.ts';
import { endLingering } from './lingering-close.ts';
import { alertForHello, fatalAlert, TLS_ALERT, type TlsAlert } from './tls-alert.ts';

/**
 * Connections of one worker that may be in the middle of a ClientHello. Each holds at most 16 KiB, so this bounds
 * the memory that anonymous senders can take to 32 MiB.
 */
export const MAX_PENDING_HELLOS = 2_000;

/** Why a connection was refused before TLS began. */
export type HelloRefusal =
  | { readonly kind: 'hello'; readonly error: ProxyError }
  | { readonly kind: 'unknown-name'; readonly serverName: string | undefined }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'limit'; readonly code: ProxyErrorCode }
  | { readonly kind: 'overload' };

/** Something that takes an accepted socket with the ClientHello still in its read buffer. */
export interface HelloTarget {
  emit(event: 'connection', socket: Socket): boolean;
}

/** What the front needs. */
export interface TlsFrontOptions {
  /** Open connections; the kernel's further ones are closed at once. */
  readonly maxConnections: number;
  /** From accept until `endHandshake` is called. */
  readonly handshakeTimeoutMs: number;
  readonly monotonicMs: () => number;
  readonly maxPendingHellos?: number;
  /** Whose connections have to begin with a header of the PROXY protocol. */
  readonly passOn?: TrustedSources;
  /** The TLS server of a host, or `undefined` for a name that is not served. */
  readonly lookup: (serverName: string) => HelloTarget | undefined;
  readonly onRefused: (refusal: HelloRefusal, socket: Socket) => void;
  /** Whether a connection may go on, before it costs anything. @returns why not */
  readonly admit?: (socket: Socket) => ProxyErrorCode | undefined;
  /** The same for one that has named a host which is served. */
  readonly admitTo?: (serverName: string, socket: Socket) => ProxyErrorCode | undefined;
}

/** The accepting end of a worker. */
export interface TlsFront {
  /** Not listening yet. */
  readonly server: Server;
  /** Every accepted connection that is still open, whatever has become of it since. */
  readonly connections: ReadonlySet<Socket>;
  /**
   * Tells that the handshake of a connection that was handed over is complete.
   *
   * @returns the connection as it was accepted, if that is known
   */
  endHandshake(secure: Socket): EndedHandshake | undefined;
  /** @param socket an accepted one, or the TLS side of it; see `ClientEndpoints.of` */
  endpoints(socket: Socket): Endpoints | undefined;
}

/**
 * Accepts connections, reads the ClientHello and hands the socket, with those bytes put back, to the TLS server of the
 * host. A name that is not served gets the alert unrecognized_name and nothing else, so that strangers' names cost
 * neither a key nor a quote.
 */
export function createTlsFront(options: TlsFrontOptions): TlsFront {
  const connections = new Set<Socket>();
  const clients = new ClientEndpoints();
  const handshakes = new HandshakeDeadlines(options.handshakeTimeoutMs, options.monotonicMs);
  const maxPending = options.maxPendingHellos ?? MAX_PENDING_HELLOS;
  let pending = 0;

  const onConnection = (socket: Socket): void => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    // For the whole life of the socket: a reset before or after the hand-over would end the process otherwise.
    socket.on('error', () => undefined);
    const passedOn = options.passOn?.includes(socket.remoteAddress) === true;
    // Of a connection that somebody passes on, it is the client that counts.
    if (!passedOn && !isAdmitted(socket, options)) return;
    if (pending >= maxPending) {
      options.onRefused({ kind: 'overload' }, socket);
      socket.destroy();
      return;
    }
    pending += 1;
    let reading = true;
    handshakes.start(socket, () => {
      // After the hello it is the TLS server that reports a handshake which breaks off.
      if (reading) options.onRefused({ kind: 'timeout' }, socket);
      socket.destroy();
    });
    const settled = (): void => {
      pending -= 1;
      reading = false;
    };
    if (!passedOn) {
      readHello(socket, options, settled);
      return;
    }
    const drop = (): void => {
      settled();
      socket.destroy();
    };
    readProxyHeader(socket, {
      onHeader(endpoints) {
        if (endpoints !== undefined) clients.note(socket, endpoints);
        if (isAdmitted(socket, options)) readHello(socket, options, settled);
        else settled();
      },
      onRefused(error) {
        options.onRefused({ kind: 'hello', error }, socket);
        drop();
      },
      onEnded: drop,
    });
  };

  // Half-open: what a client may still read after it has ended its own side is for the layers above to decide.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, onConnection);
  server.maxConnections = options.maxConnections;
  return {
    server,
    connections,
    endHandshake: (secure) => handshakes.end(secure),
    endpoints: (socket) => clients.of(socket),
  };
}

function isAdmitted(socket: Socket, options: TlsFrontOptions): boolean {
  const refusal = options.admit?.(socket);
  if (refusal !== undefined) cutOff(socket, refusal, options);
  return refusal === undefined;
}

/** A reset: the kernel keeps nothing of the connection, and TLS has no word for this. */
function cutOff(socket: Socket, code: ProxyErrorCode, { onRefused }: TlsFrontOptions): void {
  onRefused({ kind: 'limit', code }, socket);
  socket.resetAndDestroy();
}

function readHello(socket: Socket, options: TlsFrontOptions, settled: () => void): void {
  const reader = new ClientHelloReader();
  const stop = (): void => {
    socket.off('readable', onReadable);
    socket.off('close', stop);
    socket.off('end', onEnd);
    settled();
  };
  const onEnd = (): void => {
    stop();
    socket.destroy();
  };
  const refuse = (refusal: HelloRefusal, alert: TlsAlert): void => {
    stop();
    options.onRefused(refusal, socket);
    endLingering(socket, fatalAlert(alert));
  };
  const onReadable = (): void => {
    try {
      const chunk = socket.read() as Buffer | null; // no encoding is set, so these are bytes
      const hello = chunk === null ? undefined : reader.push(chunk);
      if (hello === undefined) return;
      const { serverName } = hello;
      const target = serverName === undefined ? undefined : options.lookup(serverName);
      if (target === undefined) {
        refuse({ kind: 'unknown-name', serverName }, TLS_ALERT.unrecognizedName);
        return;
      }
      stop();
      const refusal = options.admitTo?.(serverName ?? '', socket);
      if (refusal !== undefined) {
        cutOff(socket, refusal, options);
        return;
      }
      socket.unshift(reader.bytes());
      target.emit('connection', socket);
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      refuse({ kind: 'hello', error }, alertForHello(error.code));
    }
  };
  socket.on('readable', onReadable);
  socket.once('close', stop);
  socket.once('end', onEnd);
}
