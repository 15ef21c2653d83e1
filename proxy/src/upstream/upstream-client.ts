// SPDX-License-Identifier: Apache-2.0
import type { Upstream } from '@proofgate/api';
import type { ProxyError } from '../errors.ts';
import type { MessageFields } from '../http/message-fields.ts';
import type { UpstreamSocket } from './upstream-socket.ts';

/** A request to an upstream. Every decision about its fields and framing has been taken. */
export interface UpstreamRequest {
  readonly upstream: Upstream;
  readonly method: string;
  readonly target: string;
  /** Name and value by turns, written as they are. */
  readonly headers: readonly string[];
  readonly hasBody: boolean;
  /** Content is sent in chunks; `headers` say so. */
  readonly chunked: boolean;
  /** Asks to change the protocol; answered by `onSwitch`, or by `onResponse` when the upstream declines. */
  readonly upgrade: boolean;
  /** From the attempt to connect until the connection stands. */
  readonly connectTimeoutMs: number;
  /** From the end of the request until the head of the response. */
  readonly responseTimeoutMs: number;
  /** From the head of the response, without a byte in either direction. */
  readonly idleTimeoutMs: number;
}

/** Head of a response. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusText: string;
  /** Name and value by turns. */
  readonly rawHeaders: readonly string[];
  /** What `rawHeaders` say, if that has been found out already. */
  readonly fields?: MessageFields;
}

/**
 * What becomes of a request. Exactly one of `onResponse`, `onSwitch` and `onError` is called, unless it is aborted before;
 * after `onResponse` come content and then either `onEnd` or `onError`.
 */
export interface UpstreamHandlers {
  /** 1xx other than 101, in order, before the final answer. */
  onInformation(status: number, rawHeaders: readonly string[]): void;
  onResponse(head: UpstreamResponse): void;
  /** Content of the response; valid during the call alone, whoever keeps it takes a copy. */
  onBody(chunk: Uint8Array): void;
  /** The response is complete. */
  onEnd(trailers: readonly string[]): void;
  /** 101. @param first bytes after the head; valid during the call alone */
  onSwitch(head: UpstreamResponse, connection: UpstreamSocket, first: Uint8Array): void;
  /** ERR_PROXY_UPSTREAM_… or, for a head that cannot be written, ERR_PROXY_REQUEST_MALFORMED. */
  onError(error: ProxyError): void;
  /** The upstream takes content again after `write` returned false. */
  onWritable(): void;
}

/** A request under way. Methods may be called after it has ended, and do nothing then. */
export interface UpstreamExchange {
  /** Sends content; takes a copy of what cannot be sent at once. @returns false when the caller should wait for `onDrain` */
  write(chunk: Uint8Array): boolean;
  /** Ends the content. Trailers, name and value by turns, need a chunked request. */
  end(trailers: readonly string[]): void;
  /** Holds back content of the response. */
  pause(): void;
  resume(): void;
  /** Gives up; the connection is not used again. No handler is called afterwards. */
  abort(): void;
}

/** Talks HTTP to upstreams over pooled connections. */
export interface UpstreamClient {
  /** No handler is called before this returns. */
  send(request: UpstreamRequest, handlers: UpstreamHandlers): UpstreamExchange;
  /**
   * Something else may listen there from now on: idle connections are closed, and requests under way that have no
   * connection yet get none.
   */
  forget(upstream: Upstream): void;
  /** Closes the idle connections and those in use. */
  close(): void;
}
