// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProxyError } from '../errors.ts';
import type { Route } from '../ipc/snapshot.ts';
import type {
  UpstreamExchange,
  UpstreamHandlers,
  UpstreamResponse,
} from '../upstream/upstream-client.ts';
import { lingerWhenSent } from '../tls/lingering-close.ts';
import { tunnel } from '../worker/tunnel.ts';
import { loggedPath } from './access-log.ts';
import type { ClientConnection } from './client-connection.ts';
import { serializeHead, statusOf, writeError } from './error-response.ts';
import type { ExchangeContext } from './exchange.ts';
import { collect, type RequestPlan } from './request-rules.ts';
import { planResponse, planSwitch, type ResponseHead } from './response-rules.ts';
import { upstreamRequest } from './upstream-request.ts';

/** A request to change the protocol, on a connection that the HTTP server has let go. */
export interface UpgradeRequest {
  readonly context: ExchangeContext;
  readonly connection: ClientConnection;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent after its head. Passed on once the upstream has agreed. */
  readonly head: Buffer;
  /** Checks the request. @throws ProxyError */
  readonly plan: () => { plan: RequestPlan; route: Route };
}

/** Forwards a request to change the protocol: on 101 bytes pass both ways, on another answer that is relayed. */
export function forwardUpgrade(upgrade: UpgradeRequest): void {
  new UpgradeExchange(upgrade).start();
}

class UpgradeExchange {
  private readonly upgrade: UpgradeRequest;
  private readonly id: string;
  private readonly startedAt: number;
  private upstream: UpstreamExchange | undefined;
  private status = 499;
  private failure: ProxyError | undefined;
  private bytesIn = 0;
  private bytesOut = 0;
  /** From here on the tunnel closes both ends and reports. */
  private switched = false;

  constructor(upgrade: UpgradeRequest) {
    this.upgrade = upgrade;
    this.id = upgrade.context.nextRequestId();
    this.startedAt = upgrade.context.monotonicMs();
  }

  start(): void {
    const { socket, request, connection, context } = this.upgrade;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.switched) return;
      this.upstream?.abort();
      this.log();
    });
    try {
      const { plan, route } = this.upgrade.plan();
      const outgoing = upstreamRequest(request, plan, route, connection);
      this.upstream = context.upstreams.send(outgoing, this.handlers(plan.upgrade ?? '', route));
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      this.fail(error);
    }
  }

  private handlers(protocol: string, route: Route): UpstreamHandlers {
    return {
      onInformation: () => undefined,
      onDrain: () => undefined,
      onError: (error) => this.fail(error),
      onResponse: (answer) => this.attempt(() => this.decline(answer, route)),
      onSwitch: (head, connection) => {
        this.attempt(() => this.switchProtocol(head, protocol, connection, route), connection);
      },
    };
  }

  private attempt(action: () => void, connection?: Duplex): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      connection?.destroy();
      this.fail(error);
    }
  }

  private switchProtocol(
    head: ResponseHead,
    protocol: string,
    upstream: Duplex,
    route: Route,
  ): void {
    const { socket, request } = this.upgrade;
    const keys = collect(request.rawHeaders).get('sec-websocket-key');
    const headers = planSwitch(head, protocol, keys?.[0]);
    if (!(socket instanceof Socket) || !(upstream instanceof Socket) || socket.destroyed) {
      upstream.destroy();
      return;
    }
    this.status = head.status;
    this.switched = true;
    this.upgrade.connection.onTunnel();
    socket.write(serializeHead(head.status, head.statusText, headers), 'latin1');
    if (this.upgrade.head.length > 0) socket.unshift(this.upgrade.head);
    tunnel(socket, upstream, route.limits.idleTimeoutMs, (result) => {
      this.bytesIn = result.bytesFromClient;
      this.bytesOut = result.bytesToClient;
      this.log();
    });
  }

  /** An ordinary answer. The connection ends after it: what the client has sent since is of unknown meaning. */
  private decline(answer: UpstreamResponse, route: Route): void {
    const { socket, request } = this.upgrade;
    // The end of the connection ends the content where no length does, so HTTP/1.0 framing is right.
    const plan = planResponse(answer, { method: request.method ?? '', httpVersion: '1.0' });
    this.status = answer.status;
    const headers = [...plan.headers, 'Connection', 'close'];
    socket.write(serializeHead(answer.status, answer.statusText, headers), 'latin1');
    if (socket instanceof Socket) {
      socket.setTimeout(route.limits.idleTimeoutMs, () => socket.destroy());
    }
    // What the client has sent is discarded from now on: one that writes all before it reads would never read.
    socket.resume();
    answer.body.on('data', (chunk: Buffer) => {
      this.bytesOut += chunk.length;
      if (!socket.write(chunk)) answer.body.pause();
    });
    socket.on('drain', () => answer.body.resume());
    let ended = false;
    answer.body.once('end', () => {
      ended = true;
      lingerWhenSent(socket);
    });
    answer.body.once('close', () => {
      if (!ended) socket.destroy();
    });
  }

  private fail(error: ProxyError): void {
    this.failure = error;
    this.status = statusOf(error.code);
    this.upstream?.abort();
    const { socket } = this.upgrade;
    if (socket.writable) writeError(socket, error, this.id);
    else socket.destroy();
  }

  private log(): void {
    const { context, connection, request } = this.upgrade;
    context.log({
      requestId: this.id,
      host: connection.hostname,
      method: request.method ?? '',
      path: loggedPath(request.url ?? ''),
      peer: connection.peerAddress,
      status: this.status,
      durationMs: Math.round(context.monotonicMs() - this.startedAt),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      ...(this.failure === undefined
        ? {}
        : { code: this.failure.code, reason: this.failure.message }),
    });
  }
}
