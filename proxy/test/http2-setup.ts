// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { openHttp2 } from './http2-client.ts';
import { startRawUpstream, type RawAnswer } from './raw-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import type { WorkerLimits } from '../src/worker/worker.ts';

export const HOST = 'app.example.com';

/** A worker with one host, and an HTTP/2 session to it. */
export interface Http2Setup {
  readonly worker: TestWorker;
  readonly session: ClientHttp2Session;
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;

/** Starts what a test needs, and ends it in the reverse order. */
export class Http2Setups {
  readonly closers: (() => Promise<void> | void)[] = [];

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }

  /** In front of an upstream of any kind. */
  async on(
    upstream: string,
    host: Partial<TestHost> = {},
    limits: Partial<WorkerLimits> = {},
  ): Promise<Http2Setup> {
    const worker = await startWorker([{ hostname: HOST, upstream, ...host }], limits);
    this.closers.push(() => worker.close());
    const session = await openHttp2(worker.port, HOST);
    this.closers.push(() => session.destroy());
    return { worker, session };
  }

  /** In front of a real HTTP server. */
  async http(
    listener: Listener,
    host: Partial<TestHost> = {},
    limits: Partial<WorkerLimits> = {},
  ): Promise<Http2Setup & { upstream: HttpUpstream }> {
    const upstream = await startHttpUpstream((incoming, outgoing) => {
      listener(incoming, outgoing);
    });
    this.closers.push(() => upstream.close());
    return { ...(await this.on(upstream.upstream, host, limits)), upstream };
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
}

/** All content of a message. */
export async function contentOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
