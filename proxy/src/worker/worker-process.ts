// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { Fetch } from '@proofgate/verifier';
import { ProxyError } from '../errors.ts';
import { ClientContexts } from '../evidence/client-contexts.ts';
import { EvidenceClient } from '../evidence/evidence-client.ts';
import { createEvidenceResource } from '../evidence/evidence-resource.ts';
import { sampledLog } from '../http/access-log.ts';
import type { LocalResource } from '../http/local-resource.ts';
import { parsePrimaryMessage, type WorkerMessage, type WorkerSettings } from '../ipc/messages.ts';
import { createH2cUpstreamClient } from '../http2/h2c-upstream-client.ts';
import { createHttp1UpstreamClient } from '../upstream/http1-upstream-client.ts';
import { upstreamByProtocol } from '../upstream/upstream-by-protocol.ts';
import { Peers } from '../peer/peers.ts';
import { dropPrivileges, type PrivilegedProcess } from './drop-privileges.ts';
import { Worker } from './worker.ts';

/** What a worker process has around it. */
export interface WorkerProcessOptions {
  readonly process: PrivilegedProcess;
  readonly send: (message: WorkerMessage) => void;
  readonly createLogger: (level: string) => Logger;
  /** For lines that may wait a moment. */
  readonly createAccessLogger: (level: string) => Logger;
  readonly monotonicMs: () => number;
  readonly now: () => Date;
  /** Reaches what collateral for clients' evidence comes from. */
  readonly fetch: Fetch;
  readonly requestIdPrefix: string;
  readonly exit: (code: number) => void;
}

/** Of metrics that nobody has asked for. */
const NO_TICKET = 0;

/**
 * A worker's side of the conversation with the primary. Privileges are given up before the first key is asked for, and
 * connections are accepted after the first snapshot.
 */
export class WorkerProcess {
  private readonly options: WorkerProcessOptions;
  private readonly sessions: EvidenceClient;
  private readonly peers: Peers;
  private worker: Worker | undefined;
  private settings: WorkerSettings | undefined;
  private listening = false;
  private draining = false;

  constructor(options: WorkerProcessOptions) {
    this.options = options;
    this.sessions = new EvidenceClient(options.send);
    this.peers = new Peers({ now: options.now, fetch: options.fetch });
  }

  /** Does what a message of the primary says; a failure is reported and ends the process. */
  async receive(value: unknown): Promise<void> {
    try {
      const message = parsePrimaryMessage(value);
      switch (message.kind) {
        case 'configure':
          this.configure(message.settings);
          break;
        case 'snapshot':
          this.worker?.apply(message.snapshot);
          this.options.send({ kind: 'applied', version: message.snapshot.version });
          await this.listen();
          break;
        case 'drain':
          this.draining = true;
          await this.worker?.drain(message.times);
          // Nobody can ask any more.
          this.sendMetrics(NO_TICKET);
          this.options.exit(0);
          break;
        case 'collect':
          this.sendMetrics(message.ticket);
          break;
        case 'evidence-batch':
        case 'evidence-challenge':
        case 'evidence-refusal':
          this.sessions.receive(message);
          break;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const code = error instanceof ProxyError ? error.code : 'ERR_INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    this.options.send({ kind: 'failed', code, message });
    this.options.exit(1);
  }

  private configure(settings: WorkerSettings): void {
    const { options } = this;
    const logger = options.createLogger(settings.logLevel);
    const accessLogger = options.createAccessLogger(settings.logLevel);
    if (settings.ids !== undefined) dropPrivileges(options.process, settings.ids);
    this.settings = settings;
    this.worker = new Worker({
      limits: settings.limits,
      proxyProtocolFrom: settings.proxyProtocolFrom,
      upstreams: upstreamByProtocol(
        createHttp1UpstreamClient({ monotonicMs: options.monotonicMs }),
        createH2cUpstreamClient(),
      ),
      accessLog: sampledLog(
        (record) => accessLogger.info(record, 'request'),
        settings.accessLogSample,
      ),
      report: (report) => logger.info(report, 'connection'),
      monotonicMs: options.monotonicMs,
      localResources: [this.evidence()],
      peers: this.peers,
      requestIdPrefix: options.requestIdPrefix,
    });
    options.send({ kind: 'unprivileged' });
  }

  private sendMetrics(ticket: number): void {
    if (this.worker !== undefined) this.options.send(this.worker.collectMetrics(ticket));
  }

  private evidence(): LocalResource {
    const { monotonicMs, now } = this.options;
    const contexts = new ClientContexts(monotonicMs);
    const { sessions, peers: clients } = this;
    return createEvidenceResource({ sessions, clients, contexts, now });
  }

  private async listen(): Promise<void> {
    if (this.listening || this.draining || this.settings === undefined || this.worker === undefined)
      return;
    this.listening = true;
    const port = await this.worker.listen(this.settings.listen);
    this.options.send({ kind: 'listening', port });
  }
}
