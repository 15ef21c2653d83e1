// SPDX-License-Identifier: Apache-2.0
import type { RequestListener } from 'node:http';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import type { WorkerLimits } from '../src/worker/worker.ts';

/** The host that a worker serves when a test does not say otherwise. */
export const HOST = 'app.example.com';

/** A worker with one host in front of a real HTTP server. */
export interface WorkerSetup {
  readonly worker: TestWorker;
  readonly upstream: HttpUpstream;
}

/** Starts what a test needs, and ends it in the reverse order. */
export class WorkerSetups {
  readonly closers: (() => Promise<void> | void)[] = [];

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }

  async http(
    listener: RequestListener,
    host: Partial<TestHost> = {},
    limits: Partial<WorkerLimits> = {},
  ): Promise<WorkerSetup> {
    const upstream = await startHttpUpstream(listener);
    this.closers.push(() => upstream.close());
    const worker = await this.worker(upstream.upstream, host, limits);
    return { worker, upstream };
  }

  /** In front of an upstream of any kind. */
  protected async worker(
    upstream: string,
    host: Partial<TestHost>,
    limits: Partial<WorkerLimits>,
  ): Promise<TestWorker> {
    const worker = await startWorker([{ hostname: HOST, upstream, ...host }], limits);
    this.closers.push(() => worker.close());
    return worker;
  }
}
