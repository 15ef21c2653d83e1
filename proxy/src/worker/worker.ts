// SPDX-License-Identifier: Apache-2.0
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { AddressRange, HostPort } from '@proofgate/api';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { AccessLog } from '../http/access-log.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import { createHttpFront, type HttpFrontLimits } from '../http/http-front.ts';
import type { LocalResource } from '../http/local-resource.ts';
import { ClientLimits, type AddressLimits } from '../limits/client-limits.ts';
import { SparseReports } from '../limits/sparse-reports.ts';
import type { RequestService } from '../http/serve-request.ts';
import { createHttp2Front } from '../http2/http2-front.ts';
import type { Route, Snapshot } from '../ipc/snapshot.ts';
import type { MetricsReport } from '../metrics/metrics-report.ts';
import { WorkerMetrics } from '../metrics/worker-metrics.ts';
import { TrustedSources } from '../proxy-protocol/trusted-sources.ts';
import type { ConnectionPeer } from '../peer/connection-peer.ts';
import type { Peers } from '../peer/peers.ts';
import type { RouteClients } from '../peer/route-clients.ts';
import { createTlsFront, type HelloRefusal } from '../tls/tls-front.ts';
import type { UpstreamClient } from '../upstream/upstream-client.ts';
import { ActiveHosts, type ServedIdentity } from './active-hosts.ts';
import { routeForConnection } from './connection-route.ts';
import { helloReport, tcpReport, type ConnectionReport } from './connection-report.ts';
import { serveTcpRoute } from './tcp-route.ts';

/** What bounds a worker as a whole. */
export interface WorkerLimits extends HttpFrontLimits {
  readonly connections: number;
  readonly handshakeTimeoutMs: number;
  /** Absent where one address may do what all may. */
  readonly perAddress?: AddressLimits;
}

/** What a worker needs. */
export interface WorkerOptions {
  readonly limits: WorkerLimits;
  /** Whose connections have to begin with a header of the PROXY protocol; nobody's unless given. */
  readonly proxyProtocolFrom?: readonly AddressRange[];
  readonly upstreams: UpstreamClient;
  readonly accessLog: AccessLog;
  readonly report: (report: ConnectionReport) => void;
  readonly monotonicMs: () => number;
  /** What is answered here instead of being forwarded. */
  readonly localResources: readonly LocalResource[];
  readonly peers: Peers;
  /** Makes the request ids of this worker unlike those of any other. */
  readonly requestIdPrefix: string;
}

/** How long a worker that is to end waits for what is under way, in milliseconds. */
export interface DrainTimes {
  /** For byte tunnels (WebSocket, tcp routes), which have no end of their own. */
  readonly tunnelGraceMs: number;
  /** For everything; then connections are cut. */
  readonly deadlineMs: number;
}

/** How often a worker that drains looks for connections that have become idle. */
const IDLE_SWEEP_MS = 100;

/** The traffic side of the proxy: one for each worker process. */
export class Worker {
  private readonly options: WorkerOptions;
  private readonly hosts: ActiveHosts;
  private readonly http: ReturnType<typeof createHttpFront>;
  private readonly http2: ReturnType<typeof createHttp2Front>;
  private readonly front: ReturnType<typeof createTlsFront>;
  private readonly tunnels = new Set<TLSSocket>();
  private readonly metrics = new WorkerMetrics();
  private readonly clients: ClientLimits;
  private readonly overLimits: SparseReports;
  private draining = false;
  private requests = 0;

  constructor(options: WorkerOptions) {
    this.options = options;
    const { limits, monotonicMs } = options;
    this.clients = new ClientLimits(
      limits.perAddress,
      (hostname) => this.hosts.find(hostname)?.route.limits.clients,
    );
    this.overLimits = new SparseReports(monotonicMs);
    this.hosts = new ActiveHosts({
      onSecure: (socket, route, identity) => this.onSecure(socket, route, identity),
      onFailed: (socket, error) => {
        this.report({
          event: 'handshake-failed',
          peer: this.peerOf(socket),
          code: 'ERR_PROXY_HANDSHAKE_FAILED',
          reason: error.message,
        });
        socket.destroy();
      },
    });
    const service: RequestService = {
      hosts: (hostname) => this.hosts.find(hostname),
      localResources: options.localResources,
      maxHeaderCount: limits.headerCount,
      peers: options.peers,
      context: {
        upstreams: options.upstreams,
        log: (record) => {
          this.metrics.request(record);
          options.accessLog(record);
        },
        monotonicMs,
        nextRequestId: () => `${options.requestIdPrefix}-${(this.requests += 1).toString(36)}`,
        draining: () => this.draining,
      },
    };
    this.http = createHttpFront({ limits, service });
    this.http2 = createHttp2Front({ limits, service });
    this.front = createTlsFront({
      maxConnections: limits.connections,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      monotonicMs,
      passOn: new TrustedSources(options.proxyProtocolFrom ?? []),
      lookup: (serverName) => this.hosts.find(serverName)?.tls,
      onRefused: (refusal, socket) => this.onRefused(refusal, socket),
      admit: (socket) => this.admit(socket),
      admitTo: (name, socket) => this.clients.enterHost(socket, name, monotonicMs()),
    });
  }

  /** Version of the snapshot in force; -1 before the first. */
  get snapshotVersion(): number {
    return this.hosts.version;
  }

  /** What was counted since the last time. */
  collectMetrics(ticket: number): MetricsReport {
    return this.metrics.collect(ticket, {
      connections: this.front.connections.size,
      requests: this.requests - this.metrics.finishedRequests,
    });
  }

  /** Serves what the snapshot says from the next connection and the next request on. */
  apply(snapshot: Snapshot): void {
    const before = this.hosts.retiring;
    const destinations = this.hosts.destinations;
    if (snapshot.peerKey !== undefined) this.options.peers.useKey(snapshot.peerKey);
    this.hosts.apply(snapshot);
    const left = this.hosts.destinations;
    for (const [key, upstream] of destinations) {
      if (!left.has(key)) this.options.upstreams.forget(upstream);
    }
    const now = this.hosts.retiring;
    for (const [hostname, workload] of before) {
      // Whoever asked in the meantime has been sent to a new connection; these did not.
      if (now.get(hostname) !== workload) this.http.closeIdleOf(hostname, workload);
    }
    this.clients.forgetHosts();
    this.http2.leaveIf(({ hostname, identity }) => {
      return this.hosts.find(hostname)?.identity.id !== identity.id;
    });
  }

  /**
   * Accepts connections.
   *
   * @returns the port
   * @throws ProxyError ERR_PROXY_LISTEN
   */
  async listen({ host, port }: HostPort): Promise<number> {
    const { server } = this.front;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: Error) => {
        reject(
          new ProxyError('ERR_PROXY_LISTEN', `cannot listen on ${host}:${port}: ${cause.message}`, {
            cause,
          }),
        );
      });
      server.listen({ host, port, backlog: LISTEN_BACKLOG }, resolve);
    });
    const address = server.address() as AddressInfo; // a server that listens on TCP has this kind
    return address.port;
  }

  /** Stops accepting, lets what is under way finish within the times given, then cuts the rest. */
  async drain({ tunnelGraceMs, deadlineMs }: DrainTimes): Promise<void> {
    this.draining = true;
    const { server, connections } = this.front;
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    const sweep = setInterval(() => this.http.closeIdle(), IDLE_SWEEP_MS);
    const grace = setTimeout(() => {
      for (const socket of this.tunnels) socket.destroy();
      this.http2.endTunnels();
    }, tunnelGraceMs);
    const deadline = setTimeout(() => {
      for (const socket of connections) socket.destroy();
    }, deadlineMs);
    this.http.closeIdle();
    this.http2.leave();
    // The server counts as stopped when its last connection has closed.
    await stopped;
    for (const timer of [sweep, grace, deadline]) clearTimeout(timer);
    this.options.upstreams.close();
  }

  /** Who is at the other end, also where somebody passes the connection on. */
  private peerOf(socket: Socket): string {
    return this.front.endpoints(socket)?.source.host ?? 'unknown';
  }

  private onSecure(socket: TLSSocket, route: Route, identity: ServedIdentity): void {
    const { hostname } = route;
    const ended = this.front.endHandshake(socket);
    if (ended !== undefined) this.metrics.handshake(hostname, ended.durationMs);
    // The server may be older than the rules for clients.
    const now = routeForConnection(this.hosts.find(hostname)?.route, identity)?.route;
    const budget = ended && this.clients.budgetOf(ended.socket);
    const accepted = { socket, route, identity, budget };
    if (now?.clients === undefined) this.serve(accepted, undefined);
    else void this.meet(accepted, now.clients);
  }

  /** Nothing is read from the connection before its client has been judged by its certificate. */
  private async meet(accepted: Accepted, clients: RouteClients): Promise<void> {
    const { socket, route } = accepted;
    socket.on('error', ignore);
    const peer = await this.options.peers.meet(socket, clients, this.peerOf(socket));
    const { refused } = peer;
    if (refused !== undefined) {
      const { code, seen: reason = refused.message } = refused;
      const { hostname: host } = route;
      this.report({ event: 'peer-refused', host, peer: peer.address, code, reason });
    }
    if (socket.destroyed) return;
    this.serve(accepted, peer);
    socket.off('error', ignore);
  }

  private serve(
    { socket, route, identity, budget }: Accepted,
    peer: ConnectionPeer | undefined,
  ): void {
    const { hostname } = route;
    if (route.mode === 'tcp') {
      this.serveTcp(socket, hostname, identity, peer);
      return;
    }
    // Whoever names no protocol speaks HTTP/1.1.
    if (socket.alpnProtocol === false && route.alpn?.includes('http/1.1') === false) {
      const reason = `names no protocol, where ${route.alpn.join(', ')} is spoken`;
      const peer = this.peerOf(socket);
      this.report({
        event: 'handshake-failed',
        host: hostname,
        peer,
        code: 'ERR_PROXY_ALPN',
        reason,
      });
      socket.destroy();
      return;
    }
    const connection: ClientConnection = {
      hostname,
      identity,
      socket,
      peerAddress: this.peerOf(socket),
      peer,
      idleTimeoutMs: route.limits.idleTimeoutMs,
      budget,
      onTunnel: () => this.tunnels.add(socket),
    };
    socket.once('close', () => this.tunnels.delete(socket));
    const front = socket.alpnProtocol === 'h2' ? this.http2 : this.http;
    front.accept(socket, connection);
  }

  private serveTcp(
    socket: TLSSocket,
    hostname: string,
    identity: ServedIdentity,
    client: ConnectionPeer | undefined,
  ): void {
    const peer = this.peerOf(socket);
    const found = routeForConnection(this.hosts.find(hostname)?.route, identity);
    const code = this.tcpRefusal(found?.route, client);
    if (found === undefined || code !== undefined) {
      this.report(tcpReport({ bytesFromClient: 0, bytesToClient: 0, code }, hostname, peer));
      socket.destroy();
      return;
    }
    this.tunnels.add(socket);
    const endpoints = this.front.endpoints(socket);
    serveTcpRoute(socket, found.route, endpoints, (outcome) => {
      this.tunnels.delete(socket);
      this.metrics.tcpConnection(hostname, outcome.bytesFromClient, outcome.bytesToClient);
      this.report(tcpReport(outcome, hostname, peer));
    });
  }

  private admit(socket: Socket): ProxyErrorCode | undefined {
    const { clients } = this;
    const refusal = clients.enter(socket, this.peerOf(socket), this.options.monotonicMs());
    if (refusal === undefined) socket.once('close', () => clients.close(socket));
    return refusal;
  }

  private onRefused(refusal: HelloRefusal, socket: Socket): void {
    if (refusal.kind !== 'limit') {
      this.report(helloReport(refusal, this.peerOf(socket)));
      return;
    }
    const { code } = refusal;
    this.metrics.refused(code);
    // Whoever floods us must not fill the log as well.
    const unreported = this.overLimits.next(code);
    if (unreported === undefined) return;
    this.options.report({ event: 'over-limit', peer: this.peerOf(socket), code, unreported });
  }

  private report(report: ConnectionReport): void {
    if (report.code !== undefined) this.metrics.refused(report.code);
    this.options.report(report);
  }

  /** Why a connection of mode tcp is not served, if it is not. */
  private tcpRefusal(
    route: Route | undefined,
    client: ConnectionPeer | undefined,
  ): ProxyErrorCode | undefined {
    if (route?.mode !== 'tcp') return 'ERR_PROXY_REQUEST_MISDIRECTED';
    try {
      this.options.peers.admit({ peer: client }, route.clients);
      return undefined;
    } catch (error) {
      if (error instanceof ProxyError) return error.code;
      throw error;
    }
  }
}

/** A connection whose handshake is complete. */
interface Accepted {
  readonly socket: TLSSocket;
  readonly route: Route;
  readonly identity: ServedIdentity;
  /** What its client may ask for. */
  readonly budget: ClientConnection['budget'];
}

function ignore(): void {
  // The socket closes by itself, and whoever serves it by then is told.
}

/** Connections that the kernel holds before they are accepted: bursts wait instead of being refused. */
const LISTEN_BACKLOG = 4_096;
