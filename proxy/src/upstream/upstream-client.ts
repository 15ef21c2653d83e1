// SPDX-License-Identifier: Apache-2.0
import type { Duplex, Readable } from 'node:stream';
import type { Upstream } from '@proofgate/api';
import type { ProxyError } from '../errors.ts';

/** A request to an upstream. Every decision about its fields and framing has been taken. */
export interface UpstreamRequest {
  readonly upstream: Upstream;
  readonly method: string;
  readonly target: string;
  /** Name and value by turns, written as they are. */
  readonly headers: readonly string[];
  readonly hasBody: boolean;
  /** Asks to change the protocol; answered by `onSwitch`, or by `onResponse` when the upstream declines. */
  readonly upgrade: boolean;
  /** From the attempt to connect until the connection stands. */
  readonly connectTimeoutMs: number;
  /** From the end of the request until the head of the response. */
  readonly responseTimeoutMs: number;
}

/** A response as it arrives. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusText: string;
  /** Name and value by turns. */
  readonly rawHeaders: readonly string[];
  /** Ends after the last byte of content; closes without an end when the upstream broke off. */
  readonly body: Readable;
  /** Name and value by turns; complete once `body` has ended. */
  readonly trailers: () => readonly string[];
}

/** What becomes of a request. Exactly one of `onResponse`, `onSwitch` and `onError` is called, unless it is aborted before. */
export interface UpstreamHandlers {
  /** 1xx other than 101, in order, before the final answer. */
  readonly onInformation: (status: number, rawHeaders: readonly string[]) => void;
  readonly onResponse: (response: UpstreamResponse) => void;
  /** 101. `connection` gives the bytes after the head. */
  readonly onSwitch: (
    response: Pick<UpstreamResponse, 'status' | 'statusText' | 'rawHeaders'>,
    connection: Duplex,
  ) => void;
  /** No response: ERR_PROXY_UPSTREAM_… or, for a head that cannot be written, ERR_PROXY_REQUEST_MALFORMED. */
  readonly onError: (error: ProxyError) => void;
  /** The upstream takes content again after `write` returned false. */
  readonly onDrain: () => void;
}

/** A request under way. */
export interface UpstreamExchange {
  /** Sends content. @returns false when the caller should wait for `onDrain` */
  write(chunk: Uint8Array): boolean;
  /** Ends the content. Trailers need a chunked request. */
  end(trailers: readonly [string, string][]): void;
  /** Gives up; the connection is not used again. No handler is called afterwards. */
  abort(): void;
}

/** Talks HTTP/1.1 to upstreams over pooled connections. */
export interface UpstreamClient {
  send(request: UpstreamRequest, handlers: UpstreamHandlers): UpstreamExchange;
  /** Closes the idle connections and those in use. */
  close(): void;
}
