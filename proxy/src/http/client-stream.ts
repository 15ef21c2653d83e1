// SPDX-License-Identifier: Apache-2.0
import type { ProxyError } from '../errors.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import type { RawHeaders } from './header-rules.ts';
import type { MessageFields } from './message-fields.ts';

/** How the content of a request ends. Decided by the protocol that the client speaks, and nowhere else. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** A request head, whatever version of HTTP it came in. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1' | '2.0';
  /** Without pseudo-header fields; the authority is in `Host`. */
  readonly rawHeaders: RawHeaders;
  /** What `rawHeaders` say, if that has been found out already. */
  readonly fields?: MessageFields;
  readonly body: BodyFraming;
  /** The client wants to change the protocol; what follows on the stream is not HTTP, should the upstream agree. */
  readonly upgrade: boolean;
}

/** The head of an answer as it goes to the client, complete but for what the version of HTTP needs to end a connection. */
export interface AnswerHead {
  readonly status: number;
  /** Not sent in HTTP/2. */
  readonly statusText: string;
  /** Name and value by turns, without Connection. */
  readonly headers: RawHeaders;
  /** Content follows; otherwise `end` is called at once. */
  readonly hasBody: boolean;
  /** In HTTP/1.1: content is sent in chunks. `headers` say so. */
  readonly chunked: boolean;
  /** The rest of the request means nothing. HTTP/1.1 has to end the connection after the answer, HTTP/2 the stream. */
  readonly unread: boolean;
  /** The client is to open a new connection for what it wants next. */
  readonly leave: boolean;
}

/** How an answer is framed, and its fields. */
export type AnswerPlan = Pick<AnswerHead, 'headers' | 'hasBody' | 'chunked'>;

/** The answer that agrees to an upgrade. */
export type SwitchHead = Pick<AnswerHead, 'status' | 'statusText' | 'headers'>;

/** What a stream tells whoever answers it. */
export interface ClientStreamHandlers {
  /** Content; valid during the call alone, whoever keeps it takes a copy. */
  onContent(chunk: Uint8Array): void;
  /** The content is complete. Not called for a request without content. */
  onContentEnd(trailers: RawHeaders): void;
  /** The content cannot be read, or its client is too slow for the connection's own deadlines. */
  onInvalid(error: ProxyError): void;
  /** The client takes bytes again after `write` returned false. */
  onDrain(): void;
  /**
   * The stream is over, and nothing is called after this.
   *
   * @param delivered the client's side has taken the whole answer
   */
  onClosed(delivered: boolean): void;
}

/**
 * The client's side of one request. Content arrives from the moment that handlers are attached; the answer is any number
 * of interim responses, a head, content, an end. Methods may be called after the stream has closed, and do nothing then.
 */
export interface ClientStream {
  attach(handlers: ClientStreamHandlers): void;
  /** Sends 1xx, other than 101, unless this version of HTTP has none. */
  sendInformation(status: number, headers: RawHeaders): void;
  sendHead(head: AnswerHead): void;
  /** Takes a copy of what cannot be sent at once. @returns false when the caller should wait for `onDrain` */
  write(chunk: Uint8Array): boolean;
  /**
   * Completes the answer. What the client still sends with this request is read and dropped. The stream closes when the
   * answer is out, or when the client does not take it in the time that its connection has for that.
   */
  end(trailers: RawHeaders): void;
  /** Agrees to an upgrade; the bytes after both heads pass through what is returned, if the client is still there. */
  switchProtocol(head: SwitchHead): TunnelEnd | undefined;
  /**
   * Breaks off, so that the client cannot take what it has for the whole.
   *
   * @param error why, where the protocol has words for that
   */
  abort(error?: ProxyError): void;
  /**
   * Tells the client, instead of an answer, that nobody has looked at its request: it may send it again.
   *
   * @returns false where the protocol has no word for that
   */
  refuse(): boolean;
  /** Holds back content. */
  pause(): void;
  resume(): void;
}
