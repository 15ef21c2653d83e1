// SPDX-License-Identifier: Apache-2.0
import { createSecureContext, type SecureContext } from 'node:tls';
import { openConnection, type LoadConnection } from './connection.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LoadPlan, LoadResult } from './load-plan.ts';
import type { HttpResponse } from './response-reader.ts';

/** Something is broken beyond measuring: stop instead of hammering a dead port. */
const MAX_ERRORS = 1_000;

/** Kinds of errors that are kept apart; messages with ports in them would make one kind each. */
const MAX_ERROR_KINDS = 20;

/**
 * Loads a server with as many clients as the plan has connections, each of which sends its next request when the answer
 * to the last one is complete (a closed loop).
 *
 * @example
 * ```ts
 * const result = await runLoad({
 *   host: '127.0.0.1', port: 8443, servername: 'hello.demo.localhost', ca: rootPem, path: '/healthz',
 *   expectedBody: 'ok\n', connections: 64, mode: 'keep-alive', until: { requests: 10_000 },
 * });
 * expect(result).toMatchObject({ requests: 10_000, errors: 0 });
 * ```
 */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const run = new Run(plan);
  const started = performance.now();
  await Promise.all(Array.from({ length: plan.connections }, () => run.client()));
  return run.result(performance.now() - started);
}

class Run {
  readonly #plan: LoadPlan;
  readonly #context: SecureContext;
  readonly #expected: Buffer;
  readonly #latency = new LatencyHistogram();
  readonly #errorKinds = new Map<string, number>();
  readonly #deadline: number;
  #started = 0;
  #errors = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#context = createSecureContext({ ca: plan.ca, minVersion: 'TLSv1.3' });
    this.#expected = Buffer.from(plan.expectedBody);
    this.#deadline =
      'milliseconds' in plan.until ? performance.now() + plan.until.milliseconds : Infinity;
  }

  async client(): Promise<void> {
    let connection: LoadConnection | undefined;
    while (this.#mayStart()) {
      this.#started += 1;
      const began = performance.now();
      try {
        connection ??= openConnection(this.#plan, this.#context);
        const response = await connection.request();
        this.#check(response);
        this.#latency.record((performance.now() - began) * 1000);
        if (response.close || this.#plan.mode === 'new-connection') {
          connection.close();
          connection = undefined;
        }
      } catch (error) {
        this.#countError(error);
        connection?.close();
        connection = undefined;
      }
    }
    connection?.close();
  }

  #mayStart(): boolean {
    if (this.#errors >= MAX_ERRORS) return false;
    const { until } = this.#plan;
    return 'requests' in until
      ? this.#started < until.requests
      : performance.now() < this.#deadline;
  }

  #check(response: HttpResponse): void {
    if (response.status !== 200) throw new Error(`status ${String(response.status)}`);
    if (!response.body.equals(this.#expected)) throw new Error('body is not the expected one');
  }

  #countError(error: unknown): void {
    this.#errors += 1;
    const text = error instanceof Error ? error.message : String(error);
    const kind =
      this.#errorKinds.has(text) || this.#errorKinds.size < MAX_ERROR_KINDS ? text : 'others';
    this.#errorKinds.set(kind, (this.#errorKinds.get(kind) ?? 0) + 1);
  }

  result(elapsedMs: number): LoadResult {
    const milliseconds = (microseconds: number): number => microseconds / 1000;
    return {
      requests: this.#latency.total,
      errors: this.#errors,
      errorKinds: Object.fromEntries(this.#errorKinds),
      elapsedMs,
      requestsPerSecond: (this.#latency.total / elapsedMs) * 1000,
      latency: {
        p50: milliseconds(this.#latency.percentile(0.5)),
        p99: milliseconds(this.#latency.percentile(0.99)),
        max: milliseconds(this.#latency.max),
      },
    };
  }
}
