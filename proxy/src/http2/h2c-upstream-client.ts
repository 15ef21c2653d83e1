// SPDX-License-Identifier: Apache-2.0
import { constants, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { Upstream } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import type {
  UpstreamClient,
  UpstreamExchange,
  UpstreamHandlers,
  UpstreamRequest,
} from '../upstream/upstream-client.ts';
import { H2cSessions, wasNotProcessed, type H2cSession } from './h2c-sessions.ts';
import { outgoingFields } from './outgoing-fields.ts';
import { resetFailure } from './reset-codes.ts';

/** An upstream client that speaks HTTP/2 without TLS, as gRPC servers behind a proxy do. */
export function createH2cUpstreamClient(): UpstreamClient {
  const pools = new Map<string, H2cSessions>();
  const poolOf = (upstream: Upstream): H2cSessions => {
    const key = keyOf(upstream);
    const pool = pools.get(key) ?? new H2cSessions(upstream);
    pools.set(key, pool);
    return pool;
  };
  return {
    send: (request, handlers) => new H2cExchange(poolOf(request.upstream), request, handlers),
    forget(upstream) {
      const key = keyOf(upstream);
      pools.get(key)?.retire();
      pools.delete(key);
    },
    close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

function keyOf(upstream: Upstream): string {
  return upstream.kind === 'unix' ? upstream.path : `${upstream.host}:${upstream.port}`;
}

/** One request on a stream of its own. */
class H2cExchange implements UpstreamExchange {
  private readonly pool: H2cSessions;
  private readonly request: UpstreamRequest;
  private readonly handlers: UpstreamHandlers;
  private stream: ClientHttp2Stream | undefined;
  /** Until the head of the answer, and from then on while nothing moves. */
  private timer: NodeJS.Timeout | undefined;
  private requestTrailers: RawHeaders = [];
  private answerTrailers: RawHeaders = [];
  private answered = false;
  private over = false;

  constructor(pool: H2cSessions, request: UpstreamRequest, handlers: UpstreamHandlers) {
    this.pool = pool;
    this.request = request;
    this.handlers = handlers;
    if (request.upgrade) {
      this.failSoon(new ProxyError('ERR_PROXY_REQUEST_UPGRADE', 'upgrade to an HTTP/2 upstream'));
    } else {
      this.open(false);
    }
    if (!request.hasBody) this.awaitAnswer();
  }

  write(chunk: Uint8Array): boolean {
    const { stream } = this;
    if (this.over || stream === undefined || stream.destroyed) return true;
    if (this.answered) this.timer?.refresh();
    return stream.write(Buffer.from(chunk));
  }

  end(trailers: RawHeaders): void {
    if (this.over || this.stream === undefined) return;
    this.requestTrailers = trailers;
    this.stream.end();
    if (!this.answered) this.awaitAnswer();
  }

  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    if (this.answered) this.timer?.refresh();
    this.stream?.resume();
  }

  abort(): void {
    if (this.over) return;
    this.settle();
    this.stream?.close(constants.NGHTTP2_CANCEL);
  }

  /** @param again on a connection of its own: the first one did not take it */
  private open(again: boolean): void {
    const { request } = this;
    const held = this.pool.take(request.connectTimeoutMs, again);
    if (held === undefined) {
      const busy = new ProxyError(
        'ERR_PROXY_UPSTREAM_BUSY',
        'all streams to the upstream are taken',
      );
      this.failSoon(busy);
      return;
    }
    try {
      const fields = requestFields(request);
      // Content without a length may be followed by trailers, announced or not.
      const options = { endStream: !request.hasBody, waitForTrailers: request.chunked };
      this.follow(held, held.session.request(fields, options), again);
    } catch (cause) {
      const error =
        cause instanceof ProxyError
          ? cause
          : new ProxyError('ERR_PROXY_REQUEST_MALFORMED', 'head cannot be written', { cause });
      this.failSoon(error);
    }
  }

  private follow(held: H2cSession, stream: ClientHttp2Stream, again: boolean): void {
    const { handlers } = this;
    this.stream = stream;
    held.streams += 1;
    stream.on('error', () => undefined);
    stream.on('headers', (...[fields, , raw]: HeadArguments) => {
      if (!this.over) handlers.onInformation(Number(fields[':status']), withoutStatus(raw));
    });
    stream.on('response', (...[fields, flags, raw]: HeadArguments) => {
      this.onResponse(Number(fields[':status']), raw);
      // At once, so that the client is told with the head as well: gRPC knows by that that there are no trailers.
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.onEnd();
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.over) return;
      this.timer?.refresh();
      handlers.onBody(chunk);
    });
    stream.on('trailers', (...[, , raw]: HeadArguments) => (this.answerTrailers = raw));
    stream.on('drain', () => {
      if (!this.over) handlers.onWritable();
    });
    stream.on('wantTrailers', () => this.sendTrailers(stream));
    const hasEnded = watchEnd(stream);
    stream.once('end', () => {
      // The end that a reset or the end of the connection makes of an answer is none.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || held.session.destroyed) return;
      if (hasEnded()) this.onEnd();
    });
    stream.once('close', () => {
      held.streams -= 1;
      if (!this.over && this.stream === stream) this.onClosed(held, stream.rstCode, again);
    });
  }

  private onResponse(status: number, raw: string[]): void {
    if (this.over) return;
    this.answered = true;
    this.restart(this.request.idleTimeoutMs, 'no byte in either direction');
    this.handlers.onResponse({ status, statusText: '', rawHeaders: withoutStatus(raw) });
  }

  private onEnd(): void {
    if (this.over || !this.answered) return;
    this.settle();
    this.handlers.onEnd(this.answerTrailers);
  }

  private onClosed(held: H2cSession, rstCode: number | undefined, again: boolean): void {
    // RFC 9113 section 8.7: what was refused was not acted on, so it may be sent once more, if it is still all there.
    const repeatable = !this.request.hasBody && !this.answered && !again;
    if (repeatable && wasNotProcessed(rstCode ?? 0)) {
      this.open(true);
      return;
    }
    this.fail(held.failure ?? resetFailure(rstCode));
  }

  private sendTrailers(stream: ClientHttp2Stream): void {
    try {
      stream.sendTrailers(outgoingFields(this.requestTrailers, {}, 'ERR_PROXY_REQUEST_MALFORMED'));
    } catch {
      // Closed in the meantime, or not to be sent: a request without its end is none.
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  private awaitAnswer(): void {
    if (!this.over) this.restart(this.request.responseTimeoutMs, 'upstream did not answer in time');
  }

  private restart(timeoutMs: number, message: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.fail(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', message));
    }, timeoutMs);
  }

  private failSoon(error: ProxyError): void {
    process.nextTick(() => this.fail(error));
  }

  private fail(error: ProxyError): void {
    if (this.over) return;
    this.settle();
    this.stream?.close(constants.NGHTTP2_CANCEL);
    this.handlers.onError(error);
  }

  private settle(): void {
    this.over = true;
    clearTimeout(this.timer);
  }
}

/**
 * Whether a stream has had an end of its own. Node makes one of a reset with NO_ERROR too, and shows both alike; but such a
 * stream is closed already when it does.
 */
function watchEnd(stream: ClientHttp2Stream): () => boolean {
  let ended = false;
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !stream.closed) ended = true;
    return push(chunk, encoding);
  };
  return () => ended;
}

/** Fields by name, flags of the frame, and fields as they came. */
type HeadArguments = [fields: { ':status'?: number }, flags: number, raw: string[]];

/** @throws ProxyError ERR_PROXY_REQUEST_MALFORMED */
function requestFields({ method, target, headers }: UpstreamRequest): OutgoingHttpHeaders {
  const pseudo = { ':method': method, ':scheme': 'http', ':path': target };
  const fields = outgoingFields(headers, pseudo, 'ERR_PROXY_REQUEST_MALFORMED');
  fields[':authority'] = fields['host'];
  delete fields['host'];
  return fields;
}

function withoutStatus(raw: readonly string[]): string[] {
  const at = raw.indexOf(':status');
  return raw.filter((_text, index) => index !== at && index !== at + 1);
}
