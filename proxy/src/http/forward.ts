// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { Route } from '../ipc/snapshot.ts';
import { tunnel } from '../worker/tunnel.ts';
import type {
  UpstreamClient,
  UpstreamExchange,
  UpstreamHandlers,
  UpstreamResponse,
} from '../upstream/upstream-client.ts';
import type { UpstreamSocket } from '../upstream/upstream-socket.ts';
import type { SwitchHead } from './client-stream.ts';
import type { Exchange, ExchangeTask } from './exchange.ts';
import { clientResponseHeaders, forwardedTrailers, type RawHeaders } from './header-rules.ts';
import { readFields } from './message-fields.ts';
import type { RequestPlan } from './request-rules.ts';
import { planResponse, planSwitch } from './response-rules.ts';
import { upstreamRequest } from './upstream-request.ts';

/**
 * Sends a request on and its answer back, with back-pressure in both directions.
 *
 * @param identity fields that say who the client is
 */
export function forward(
  exchange: Exchange,
  upstreams: UpstreamClient,
  plan: RequestPlan,
  route: Route,
  identity: RawHeaders = [],
): void {
  const forwarding = new Forwarding(exchange, plan, route);
  exchange.start(forwarding, route.limits.requestTimeoutMs);
  forwarding.begin(upstreams, identity);
}

/** RFC 9110 section 15.2: an interim answer has no content. */
const INTERIM = { chunked: false, contentLength: false } as const;

class Forwarding implements ExchangeTask, UpstreamHandlers {
  private readonly exchange: Exchange;
  private readonly plan: RequestPlan;
  private readonly route: Route;
  private upstream: UpstreamExchange | undefined;
  private trailers = false;
  private hasBody = false;
  /** Whether the client was told to send the content that it holds back. */
  private continued = false;

  constructor(exchange: Exchange, plan: RequestPlan, route: Route) {
    this.exchange = exchange;
    this.plan = plan;
    this.route = route;
  }

  begin(upstreams: UpstreamClient, identity: RawHeaders): void {
    const { head, connection } = this.exchange;
    const request = upstreamRequest(head, this.plan, this.route, connection, identity);
    this.upstream = upstreams.send(request, this);
  }

  onContent(chunk: Uint8Array): void {
    const { bodyBytes } = this.route.limits;
    if (this.exchange.contentBytes > bodyBytes) {
      const error = new ProxyError(
        'ERR_PROXY_REQUEST_BODY_TOO_LARGE',
        'request content is too large',
        { expected: `at most ${bodyBytes} bytes` },
      );
      this.exchange.fail(error, true);
    } else if (this.upstream?.write(chunk) === false) {
      this.exchange.pause();
    }
  }

  onContentEnd(trailers: RawHeaders): void {
    const chunked = this.exchange.head.body.kind === 'chunked';
    this.upstream?.end(chunked ? forwardedTrailers(trailers) : []);
  }

  onInformation(status: number, raw: RawHeaders): void {
    if (status === 100) {
      if (!this.plan.expectContinue || this.continued) return;
      this.continued = true;
      this.exchange.inform(100, []);
      return;
    }
    const headers = clientResponseHeaders(raw, readFields(raw).connection, INTERIM);
    this.exchange.inform(status, headers);
  }

  onResponse(answer: UpstreamResponse): void {
    try {
      const plan = planResponse(answer, this.exchange.head);
      this.trailers = plan.trailers;
      this.hasBody = plan.hasBody;
      // Whether content that was held back still follows is up to the client, so nobody could tell what comes next.
      const unsure = this.plan.expectContinue && !this.continued && !this.exchange.complete;
      this.exchange.sendHead(answer.status, answer.statusText, plan, unsure);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** What the upstream sends. */
  onBody(chunk: Uint8Array): void {
    if (this.hasBody && !this.exchange.write(chunk)) this.upstream?.pause();
  }

  onEnd(trailers: RawHeaders): void {
    // An upstream that has answered in full before it was sent all content may not read the rest: it is not used again.
    if (!this.exchange.complete) this.upstream?.abort();
    this.upstream = undefined;
    this.exchange.end(this.trailers ? forwardedTrailers(trailers) : []);
    this.exchange.resume();
  }

  onSwitch(head: UpstreamResponse, connection: UpstreamSocket, first: Uint8Array): void {
    this.upstream = undefined;
    try {
      const { upgrade } = this.plan;
      if (upgrade === undefined) {
        throw new ProxyError('ERR_PROXY_UPSTREAM_INVALID', 'upstream switched unasked');
      }
      const [key] = this.plan.fields.webSocketKey;
      this.openTunnel({ ...head, headers: planSwitch(head, upgrade, key) }, connection, first);
    } catch (error) {
      connection.destroy();
      this.refuse(error);
    }
  }

  onError(error: ProxyError): void {
    this.upstream = undefined;
    this.exchange.fail(error);
  }

  onWritable(): void {
    this.exchange.resume();
  }

  onDrain(): void {
    this.upstream?.resume();
  }

  stop(): void {
    this.upstream?.abort();
  }

  private openTunnel(head: SwitchHead, upstream: UpstreamSocket, first: Uint8Array): void {
    const client = this.exchange.switchProtocol(head);
    if (client === undefined) {
      upstream.destroy();
      this.exchange.reportTunnel(0, 0);
      return;
    }
    tunnel(client, upstream, first, this.route.limits.idleTimeoutMs, (result) => {
      this.exchange.reportTunnel(result.bytesFromClient, result.bytesToClient);
    });
  }

  /** An answer that the client must not get is an error of the upstream. */
  private refuse(error: unknown): void {
    if (!(error instanceof ProxyError)) throw error;
    this.exchange.fail(error);
  }
}
