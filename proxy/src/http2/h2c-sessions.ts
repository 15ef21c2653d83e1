// SPDX-License-Identifier: Apache-2.0
import { connect as openSession, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import type { Upstream } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import { upstreamFailure, closedWithoutAnswer } from '../upstream/upstream-failure.ts';

/** Connections to one upstream: servers commonly take a hundred streams on each. */
export const MAX_H2C_SESSIONS = 16;

/** Streams on one connection, if the upstream allows them: above that a second connection is faster. */
export const MAX_STREAMS_PER_SESSION = 100;

/** How long a connection without streams is kept: opening one costs a round trip, keeping one costs next to nothing. */
const SESSION_IDLE_MS = 60_000;

/** Content of one stream, and of all of them, that an upstream may send ahead of slow clients. */
const STREAM_WINDOW_BYTES = 262_144;
const SESSION_WINDOW_BYTES = 4_194_304;

/** What `node:http2` may hold for a connection beside content, in MB: its unit. */
const MAX_SESSION_MEMORY_MB = 32;

/** Fields of an answer: as many as anybody has sent so far. */
const MAX_ANSWER_FIELDS = 1_000;

/** A connection to an upstream. */
export interface H2cSession {
  readonly session: ClientHttp2Session;
  streams: number;
  /** Why it ended, if it did not end in order. */
  failure: ProxyError | undefined;
}

/** The HTTP/2 connections to one upstream. */
export class H2cSessions {
  private readonly upstream: Upstream;
  private readonly open = new Set<H2cSession>();
  /** Something else listens there by now. */
  private retired = false;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }

  /**
   * A connection that takes another stream; `undefined` when all are full.
   *
   * @param fresh not one that has been used before
   */
  take(connectTimeoutMs: number, fresh: boolean): H2cSession | undefined {
    if (!fresh) {
      for (const held of this.open) if (takesMore(held)) return held;
    }
    if (this.retired) return undefined;
    return this.open.size < MAX_H2C_SESSIONS ? this.connect(connectTimeoutMs) : undefined;
  }

  /** Makes no connection any more; streams under way go on. */
  retire(): void {
    this.retired = true;
    for (const { session } of this.open) session.close();
  }

  /** Ends all connections. */
  close(): void {
    for (const { session } of this.open) session.destroy();
  }

  private connect(connectTimeoutMs: number): H2cSession {
    const { upstream } = this;
    const session = openSession('http://upstream', {
      createConnection: () =>
        upstream.kind === 'unix'
          ? connect(upstream.path)
          : connect({ host: upstream.host, port: upstream.port, noDelay: true }),
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxHeaderListPairs: MAX_ANSWER_FIELDS,
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
    });
    const held: H2cSession = { session, streams: 0, failure: undefined };
    const timer = setTimeout(() => {
      held.failure = new ProxyError(
        'ERR_PROXY_UPSTREAM_TIMEOUT',
        'upstream did not accept in time',
      );
      session.destroy();
    }, connectTimeoutMs);
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    // An upstream of another protocol would accept and say nothing that could be understood.
    session.once('remoteSettings', () => clearTimeout(timer));
    session.on('error', (error: Error) => (held.failure ??= failureOf(error)));
    // Streams under way go on; the next one takes another connection (RFC 9113 section 6.8).
    session.once('goaway', () => this.open.delete(held));
    session.once('close', () => {
      clearTimeout(timer);
      this.open.delete(held);
    });
    session.setTimeout(SESSION_IDLE_MS, () => {
      if (held.streams === 0) session.close();
    });
    this.open.add(held);
    return held;
  }
}

function takesMore({ session, streams }: H2cSession): boolean {
  if (session.closed || session.destroyed) return false;
  const allowed = session.connecting
    ? MAX_STREAMS_PER_SESSION
    : (session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS_PER_SESSION);
  return streams < Math.min(allowed, MAX_STREAMS_PER_SESSION);
}

/** What is wrong with the frames of an upstream is not a connection that cannot be made. */
function failureOf(error: Error): ProxyError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ERR_HTTP2_ERROR') {
    return new ProxyError('ERR_PROXY_UPSTREAM_INVALID', 'upstream does not speak HTTP/2', {
      seen: error.message,
      cause: error,
    });
  }
  if (code.startsWith('ERR_HTTP2')) return closedWithoutAnswer(error);
  return upstreamFailure(error);
}

/** Whether a stream that was closed like this has not been looked at by the upstream (RFC 9113 section 8.7). */
export function wasNotProcessed(rstCode: number): boolean {
  return rstCode === constants.NGHTTP2_REFUSED_STREAM;
}
