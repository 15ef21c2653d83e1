// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import type { HttpUpstream } from './http-upstream.ts';
import { openHttp2 } from './http2-client.ts';
import { startRawUpstream, type RawAnswer } from './raw-upstream.ts';
import type { TestHost, TestWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';
import type { WorkerLimits } from '../src/worker/worker.ts';

export { HOST };

/** A worker with one host, and an HTTP/2 session to it. */
export interface Http2Setup {
  readonly worker: TestWorker;
  readonly session: ClientHttp2Session;
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;

/** Starts what a test needs, and ends it in the reverse order. */
export class Http2Setups extends WorkerSetups {
  /** In front of an upstream of any kind. */
  async on(
    upstream: string,
    host: Partial<TestHost> = {},
    limits: Partial<WorkerLimits> = {},
  ): Promise<Http2Setup> {
    const worker = await this.worker(upstream, host, limits);
    return { worker, session: await this.session(worker) };
  }

  /** In front of a real HTTP server. */
  override async http(
    listener: Listener,
    host: Partial<TestHost> = {},
    limits: Partial<WorkerLimits> = {},
  ): Promise<Http2Setup & { upstream: HttpUpstream }> {
    const { worker, upstream } = await super.http(
      (incoming, outgoing) => void listener(incoming, outgoing),
      host,
      limits,
    );
    return { worker, upstream, session: await this.session(worker) };
  }

  /** In front of something that sends bytes. */
  async raw(
    answer: RawAnswer,
    limits: Partial<WorkerLimits> = {},
  ): Promise<Http2Setup & { received: string[] }> {
    const upstream = await startRawUpstream(answer);
    this.closers.push(() => upstream.close());
    return { ...(await this.on(upstream.upstream, {}, limits)), received: upstream.received };
  }

  private async session(worker: TestWorker): Promise<ClientHttp2Session> {
    const session = await openHttp2(worker.port, HOST);
    this.closers.push(() => session.destroy());
    return session;
  }
}

/** All content of a message. */
export async function contentOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
