// SPDX-License-Identifier: Apache-2.0
import { runTool } from '../processes/run-tool.ts';

/** What a load generator found out. */
export interface LoadOutcome {
  /** Requests that were answered, or messages, or connections. */
  readonly operations: number;
  readonly perSecond: number;
  /** Milliseconds; NaN where the generator does not say. */
  readonly p99: number;
}

/** A load for wrk. */
export interface WrkPlan {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Each request on a connection of its own. */
  readonly close?: boolean;
}

/** HTTP/1.1 from one thread of wrk. @throws Error when an answer was not 2xx */
export async function runWrk(plan: WrkPlan, cpu: number | undefined): Promise<LoadOutcome> {
  const { url, connections, seconds, close = false } = plan;
  const output = await runTool(
    [
      'wrk',
      ...['-t1', `-c${String(connections)}`, `-d${String(Math.ceil(seconds))}s`, '--latency'],
      ...(close ? ['-H', 'Connection: close'] : []),
      url,
    ],
    cpu,
  );
  return readWrk(output);
}

/** Reads what wrk prints. @throws Error when it is not a result, or one of failures */
export function readWrk(output: string): LoadOutcome {
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1];
  if (failed !== undefined) throw new Error(`${failed} answers were not 2xx:\n${output}`);
  const operations = Number(/(\d+) requests in /.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec: *([\d.]+)/.exec(output)?.[1]);
  if (!(operations > 0 && perSecond > 0)) throw new Error(`wrk has no result:\n${output}`);
  return { operations, perSecond, p99: milliseconds(/99% *([\d.]+[a-z]+)/.exec(output)?.[1]) };
}

function milliseconds(text = ''): number {
  const [, number = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number) * (unit === 'us' ? 0.001 : unit === 's' ? 1_000 : unit === 'ms' ? 1 : NaN);
}

/** A load for h2load. */
export interface H2loadPlan {
  readonly url: string;
  readonly port: number;
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  /** Sent with each request, which is a POST then. */
  readonly file?: string;
  readonly headers?: readonly string[];
}

/** HTTP/2 from one thread of h2load. @throws Error when an answer was not 2xx */
export async function runH2load(plan: H2loadPlan, cpu: number | undefined): Promise<LoadOutcome> {
  const { url, port, connections, streams, seconds, file, headers = [] } = plan;
  const output = await runTool(
    [
      'h2load',
      ...['-t1', `-c${String(connections)}`, `-m${String(streams)}`, `-D${String(seconds)}`],
      `--connect-to=127.0.0.1:${String(port)}`,
      ...(file === undefined ? [] : ['-d', file]),
      ...headers.flatMap((header) => ['-H', header]),
      url,
    ],
    cpu,
  );
  return readH2load(output);
}

/** Reads what h2load prints. @throws Error when it is not a result, or one of failures */
export function readH2load(output: string): LoadOutcome {
  // A server that does not know HTTP/2 would be measured all the same.
  if (!output.includes('Application protocol: h2\n')) throw new Error('no HTTP/2');
  const [, good, ...others] =
    /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(output) ?? [];
  const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)?.slice(1) ?? [];
  const operations = Number(good);
  const perSecond = Number(/finished in .*?, ([\d.]+) req\/s/.exec(output)?.[1]);
  const bad = [...others, ...failed].some((count) => Number(count) > 0);
  if (bad || !(operations > 0 && perSecond > 0)) throw new Error(`h2load failed:\n${output}`);
  return { operations, perSecond, p99: NaN };
}
