// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { lingerWhenSent } from '../tls/lingering-close.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import type { ClientConnection } from './client-connection.ts';
import type { AnswerHead, ClientStream, ClientStreamHandlers } from './client-stream.ts';
import { serializeHead } from './error-response.ts';
import type { RawHeaders } from './header-rules.ts';

/** A connection that `node:http` reads. */
export interface NodeHttpConnection {
  readonly client: ClientConnection;
  /** Requests that are not answered completely yet. */
  readonly streams: Set<NodeHttpStream>;
  /** Nothing that follows on the connection may be believed. */
  refused: boolean;
}

/** One request of `node:http`. */
export class NodeHttpStream implements ClientStream {
  private readonly connection: NodeHttpConnection;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private handlers: ClientStreamHandlers | undefined;
  /** The last answer of the connection, past the HTTP server, which would close before it has read what is still sent. */
  private past: Socket | undefined;

  constructor(connection: NodeHttpConnection, request: IncomingMessage, response: ServerResponse) {
    this.connection = connection;
    this.request = request;
    this.response = response;
    connection.streams.add(this);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => this.onResponseClosed());
  }

  /** Nothing of the answer has been sent. */
  get answerable(): boolean {
    return !this.response.headersSent && this.past === undefined;
  }

  attach(handlers: ClientStreamHandlers): void {
    this.handlers = handlers;
    this.request.on('data', (chunk: Buffer) => handlers.onContent(chunk));
    this.request.once('end', () => handlers.onContentEnd(this.request.rawTrailers));
    this.response.on('drain', () => handlers.onDrain());
  }

  invalid(error: Parameters<ClientStreamHandlers['onInvalid']>[0]): void {
    this.handlers?.onInvalid(error);
  }

  sendInformation(status: number, headers: RawHeaders): void {
    const { response } = this;
    if (status === 100) response.writeContinue();
    // No socket means that an earlier answer on this connection is not finished; HTTP/1.0 knows no 1xx.
    else if (response.socket !== null && this.request.httpVersion !== '1.0') {
      response.socket.write(serializeHead(status, undefined, headers), 'latin1');
    }
  }

  sendHead({ status, statusText, headers, chunked, unread, leave }: AnswerHead): void {
    const { socket } = this.response;
    const complete = unread || leave ? [...headers, 'Connection', 'close'] : headers;
    if (unread) this.connection.refused = true;
    // With answers before this one still on their way, only the HTTP server can tell when it is this one's turn.
    if (unread && !chunked && socket !== null && this.connection.streams.size === 1) {
      this.past = socket;
      socket.write(
        serializeHead(status, statusText === '' ? undefined : statusText, complete),
        'latin1',
      );
      this.request.resume();
      return;
    }
    this.response.writeHead(status, statusText === '' ? undefined : statusText, [...complete]);
    this.response.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    return (this.past ?? this.response).write(chunk);
  }

  end(trailers: RawHeaders): void {
    if (this.past !== undefined) {
      lingerWhenSent(this.past);
      return;
    }
    const pairs: [string, string][] = [];
    for (let n = 0; n + 1 < trailers.length; n += 2)
      pairs.push([trailers[n] ?? '', trailers[n + 1] ?? '']);
    if (pairs.length > 0) this.response.addTrailers(pairs);
    this.response.end();
    this.boundDelivery();
    this.request.resume();
  }

  switchProtocol(): TunnelEnd | undefined {
    return undefined;
  }

  abort(): void {
    this.response.destroy();
    this.request.destroy();
  }

  pause(): void {
    this.request.pause();
  }

  resume(): void {
    this.request.resume();
  }

  /** The answer before this one is out. */
  onTurn(): void {
    if (this.response.writableEnded) this.boundDelivery();
    else this.response.socket?.setTimeout(0);
  }

  private boundDelivery(): void {
    this.response.socket?.setTimeout(this.connection.client.idleTimeoutMs);
  }

  private onResponseClosed(): void {
    this.connection.streams.delete(this);
    const [next] = this.connection.streams;
    next?.onTurn();
    const delivered = this.past?.writableFinished ?? this.response.writableFinished;
    if (this.request.complete || this.request.destroyed) this.handlers?.onClosed(delivered);
    else this.request.once('close', () => this.handlers?.onClosed(delivered));
  }
}

/** A request to change the protocol, on a connection that the HTTP server has let go. */
export class NodeUpgradeStream implements ClientStream {
  private readonly socket: Duplex;
  private readonly first: Buffer;
  private readonly idleTimeoutMs: number;
  private handlers: ClientStreamHandlers | undefined;

  /** @param first what the client sent after its head, passed on once the upstream has agreed */
  constructor(socket: Duplex, first: Buffer, idleTimeoutMs: number) {
    this.socket = socket;
    this.first = first;
    this.idleTimeoutMs = idleTimeoutMs;
  }

  attach(handlers: ClientStreamHandlers): void {
    this.handlers = handlers;
    this.socket.on('error', () => undefined);
    this.socket.on('drain', () => this.handlers?.onDrain());
    this.socket.once('close', () => this.handlers?.onClosed(this.socket.writableFinished));
  }

  sendInformation(): void {
    // The upstream agrees or declines; what it says before is of no use.
  }

  /** An ordinary answer. The connection ends after it: what the client has sent since is of unknown meaning. */
  sendHead({ status, statusText, headers, chunked }: AnswerHead): void {
    // The end of the connection ends the content where no length does.
    const framed = chunked ? withoutChunks(headers) : headers;
    const complete = [...framed, 'Connection', 'close'];
    this.socket.write(
      serializeHead(status, statusText === '' ? undefined : statusText, complete),
      'latin1',
    );
    if (this.socket instanceof Socket) {
      this.socket.setTimeout(this.idleTimeoutMs, () => this.socket.destroy());
    }
    // What the client sends is discarded from now on: one that writes all before it reads would never read.
    this.socket.resume();
  }

  write(chunk: Uint8Array): boolean {
    return this.socket.write(chunk);
  }

  end(): void {
    lingerWhenSent(this.socket);
  }

  switchProtocol({ status, statusText, headers }: AnswerHead): TunnelEnd | undefined {
    const { socket } = this;
    if (!(socket instanceof Socket) || socket.destroyed) return undefined;
    this.handlers = undefined;
    socket.write(serializeHead(status, statusText, headers), 'latin1');
    if (this.first.length > 0) socket.unshift(this.first);
    return socket;
  }

  abort(): void {
    this.socket.destroy();
  }

  pause(): void {
    // Nothing is read before the upstream has agreed.
  }

  resume(): void {
    // The same.
  }
}

function withoutChunks(headers: RawHeaders): string[] {
  const kept: string[] = [];
  for (let n = 0; n + 1 < headers.length; n += 2) {
    const name = headers[n] ?? '';
    if (!/^(?:transfer-encoding|trailer)$/i.test(name)) kept.push(name, headers[n + 1] ?? '');
  }
  return kept;
}
