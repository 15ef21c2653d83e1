// SPDX-License-Identifier: Apache-2.0
import { FLAG, headers, type ErrorName } from './frames.ts';
import { block, type Field } from './hpack.ts';
import type { RawConnection } from './raw-connection.ts';

/** What becomes of a connection, or of the stream 1, after something was sent on it. */
export type Outcome =
  | `connection ${ErrorName}`
  | `stream ${ErrorName}`
  /** The connection ends without a reason. */
  | 'closed'
  /** The answer on stream 1, and the connection goes on. */
  | `answer ${number}`
  /** The connection goes on as if nothing had been sent. */
  | 'ignored';

/** Something that a client may send, and what RFC 9113 says to it. */
export interface ConformanceCase {
  /** Section of RFC 9113, or of RFC 7541 for names that begin with HPACK. */
  readonly section: string;
  readonly name: string;
  /** After settings have been exchanged. */
  readonly send: (raw: RawConnection) => void | Promise<void>;
  /** What happens. */
  readonly outcome: Outcome;
  /** What happens instead with {@link NEWER_NGHTTP2}. */
  readonly newer?: Outcome;
  /** What the RFC has instead, and why ours is as good; for what nghttp2 decides. */
  readonly deviates?: string;
}

/** The minor version of the nghttp2 behind `node:http2`: 61 with Node 20, 69 with Node 22, 70 with Node 24. */
const NGHTTP2 = Number(process.versions['nghttp2']?.split('.')[1]);

/** Whether it ends more connections and streams by itself than that of Node 20. */
export const NEWER_NGHTTP2: boolean = NGHTTP2 > 61;

/** Whether it is that of Node 24 or later, which reads fields in another way once more. */
export const NEWEST_NGHTTP2: boolean = NGHTTP2 > 69;

export const HOST = 'app.example.com';

export const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', HOST],
  [':path', '/'],
];

export const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)];

/** A head after which content may follow. */
export const OPEN = FLAG.endHeaders;

/** A request without content. */
export const get = (stream: number, ...more: readonly Field[]): Buffer =>
  headers(stream, block(...GET, ...more));

/** The head of a request with content. */
export const post = (stream: number, ...more: readonly Field[]): Buffer =>
  headers(stream, block(...POST, ...more), OPEN);
