// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseWorkerMessage } from '../src/ipc/messages.ts';
import { HOST_SLOT, REQUEST_BOUNDS } from '../src/metrics/host-layout.ts';
import { METRIC_CODES } from '../src/metrics/metrics-report.ts';
import { MetricsTotals, REPORT_TIMEOUT_MS } from '../src/metrics/metrics-totals.ts';
import { WorkerMetrics } from '../src/metrics/worker-metrics.ts';
import { FakeClock, settle } from './fake-clock.ts';

const APP = 'app.example.com';
const IDLE = { connections: 0, requests: 0 };

function finished(status: number, durationMs = 1): Parameters<WorkerMetrics['request']>[0] {
  const request = { requestId: 'a', host: APP, method: 'GET', path: '/', peer: '127.0.0.1' };
  return { ...request, status, durationMs, bytesIn: 3, bytesOut: 5 };
}

describe('what a worker counts', () => {
  it.each([
    [101, 0],
    [200, 1],
    [304, 2],
    [499, 3],
    [503, 4],
    [999, 4],
  ])('has a class for status %d', (status, index) => {
    const metrics = new WorkerMetrics();
    metrics.request(finished(status));
    const { hostCounts } = metrics.collect(1, IDLE);
    expect([...hostCounts.subarray(HOST_SLOT.status, HOST_SLOT.latency)]).toEqual(
      [0, 1, 2, 3, 4].map((place) => Number(place === index)),
    );
  });

  it.each([
    [0.9, 0],
    [1, 0],
    [1.1, 1],
    [10_000, REQUEST_BOUNDS.length - 1],
    [10_001, REQUEST_BOUNDS.length],
  ])('puts %d ms where they belong', (ms, bucket) => {
    const metrics = new WorkerMetrics();
    metrics.request(finished(200, ms));
    const { hostCounts } = metrics.collect(1, IDLE);
    expect(hostCounts[HOST_SLOT.latency + bucket]).toBe(1);
    expect(hostCounts[HOST_SLOT.latencySum]).toBeCloseTo(ms / 1_000);
  });

  it('is handed over once', () => {
    const metrics = new WorkerMetrics();
    metrics.request({ ...finished(502), code: 'ERR_PROXY_UPSTREAM_CLOSED' });
    metrics.handshake(APP, 2);
    const first = metrics.collect(1, IDLE);
    expect(first.hosts).toEqual([APP]);
    expect(first.refusals[METRIC_CODES.indexOf('ERR_PROXY_UPSTREAM_CLOSED')]).toBe(1);
    const second = metrics.collect(2, IDLE);
    expect(second.hosts).toEqual([]);
    expect([...second.refusals, ...second.handshakes].every((count) => count === 0)).toBe(true);
    expect(metrics.finishedRequests).toBe(1);
  });
});

describe('a report', () => {
  const report = (): Record<string, unknown> => ({ ...new WorkerMetrics().collect(1, IDLE) });

  it('is read as it was sent', () => {
    const metrics = new WorkerMetrics();
    metrics.request(finished(200));
    const sent = metrics.collect(7, { connections: 2, requests: 1 });
    expect(parseWorkerMessage(structuredClone(sent))).toEqual(sent);
  });

  it.each([
    ['another number of hosts', { hosts: [APP] }],
    ['a host that is no text', { hosts: [1] }],
    ['numbers of another kind', { refusals: Array.from(METRIC_CODES, () => 0) }],
    ['a number below zero', { refusals: new Float64Array(METRIC_CODES.length).fill(-1) }],
    ['what is no number', { refusals: new Float64Array(METRIC_CODES.length).fill(Number.NaN) }],
    ['too few numbers', { handshakes: new Float64Array(1) }],
    ['no gauges', { now: undefined }],
    ['half a connection', { now: { connections: 0.5, requests: 0 } }],
    ['no ticket', { ticket: -1 }],
  ])('is refused with %s', (_what, wrong) => {
    expect(() => parseWorkerMessage({ ...report(), ...wrong })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_IPC_MESSAGE' }),
    );
  });
});

describe('the totals', () => {
  it('wait for every worker, but not for one that hangs or goes', async () => {
    const clock = new FakeClock(new Date());
    const totals = new MetricsTotals(clock, (host) => host === APP);
    const asked: number[] = [];
    const worker = (): { ask: (ticket: number) => void } => ({ ask: (n) => asked.push(n) });
    const [prompt, hung, leaving] = [worker(), worker(), worker()];
    for (const source of [prompt, hung, leaving]) totals.enter(source);
    let done = false;
    const update = totals.update().then(() => (done = true));
    const metrics = new WorkerMetrics();
    metrics.request(finished(200));
    metrics.request({ ...finished(200), host: 'made-up.example.com' });
    totals.receive(prompt, metrics.collect(asked[0]!, { connections: 4, requests: 2 }));
    totals.leave(leaving);
    await settle();
    expect(done).toBe(false);
    await clock.advance(REPORT_TIMEOUT_MS);
    await update;
    expect([...totals.hosts.keys()]).toEqual([APP]);
    expect(totals.now).toEqual({ connections: 4, requests: 2 });

    // An answer that comes late still counts, also that of a worker that is gone.
    metrics.request(finished(200));
    totals.receive(leaving, metrics.collect(asked[2]!, IDLE));
    expect(totals.hosts.get(APP)?.[HOST_SLOT.status + 1]).toBe(2);
  });
});
