// SPDX-License-Identifier: Apache-2.0
import type { ClientConnection } from './client-connection.ts';
import type { RawHeaders } from './header-rules.ts';

/** A request to the worker itself, read to its end. */
export interface LocalRequest {
  /** For the log and the answer to errors. */
  readonly id: string;
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: RawHeaders;
  readonly body: Uint8Array;
  /** With the identity that it was proved with, and its TLS socket. */
  readonly connection: ClientConnection;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** The worker's own answer. `Content-Length` is added. */
export interface LocalAnswer {
  readonly status: number;
  /** Name and value by turns. */
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** Something that the worker answers itself instead of forwarding it. */
export interface LocalResource {
  /** @param target as it was sent, with its query */
  matches(target: string): boolean;
  /** The others are answered 405. */
  readonly methods: readonly string[];
  /** Bytes of content that a request may have. */
  readonly maxBodyBytes: number;
  /** From the head of the request to the start of the answer. */
  readonly timeoutMs: number;
  /** @throws ProxyError, which is the answer then */
  answer(request: LocalRequest): LocalAnswer | Promise<LocalAnswer>;
}
