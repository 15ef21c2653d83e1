// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test } from 'vitest';
import { monitorHealth } from '../src/supervision/health-monitor.ts';
import { healthTarget, probeHealth } from '../src/supervision/health-probe.ts';
import { freePort } from './fixtures.ts';

const NEVER = new AbortController().signal;
const WITHIN = { timeoutMs: 5_000 };

/** A server whose answer the test sets. */
async function appWith(status: () => number): Promise<{ url: string; port: number }> {
  const server: Server = createServer((_request, response) => {
    if (status() === 0) return;
    response.writeHead(status(), { location: 'http://127.0.0.1:1/' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}/healthz`, port };
}

function check(url: string, readinessSeconds = 0): Parameters<typeof monitorHealth>[0] {
  return {
    http: url,
    interval_seconds: 0.02,
    timeout_seconds: 0.5,
    retries: 3,
    readiness_timeout_seconds: readinessSeconds,
  };
}

function listener(): { seen: string[]; healthy: () => void; unhealthy: () => void } {
  const seen: string[] = [];
  return { seen, healthy: () => seen.push('healthy'), unhealthy: () => seen.push('unhealthy') };
}

describe('a probe', () => {
  test.each([200, 204, 302, 399])('finds status %i well and follows no redirect', async (code) => {
    const { url } = await appWith(() => code);
    expect(await probeHealth({ kind: 'http', url }, 1_000, NEVER)).toBeUndefined();
  });

  test.each([400, 404, 500, 503])('finds status %i unwell', async (code) => {
    const { url } = await appWith(() => code);
    expect(await probeHealth({ kind: 'http', url }, 1_000, NEVER)).toBe(`status ${String(code)}`);
  });

  test('gives up on an app that does not answer', async () => {
    const { url } = await appWith(() => 0);
    expect(await probeHealth({ kind: 'http', url }, 50, NEVER)).toBeTypeOf('string');
  });

  test('finds a port that accepts well and one that refuses unwell', async () => {
    const { port } = await appWith(() => 200);
    const open = { kind: 'tcp', host: '127.0.0.1', port } as const;
    expect(await probeHealth(open, 1_000, NEVER)).toBeUndefined();
    const closed = { ...open, port: await freePort() };
    expect(await probeHealth(closed, 1_000, NEVER)).toContain('ECONNREFUSED');
  });

  test('asks whom the check names', () => {
    const timing = check('');
    expect(healthTarget({ ...timing, http: 'http://127.0.0.1:1/x' })).toEqual({
      kind: 'http',
      url: 'http://127.0.0.1:1/x',
    });
    const { http: _, ...tcp } = timing;
    expect(healthTarget({ ...tcp, tcp: '127.0.0.1:5432' })).toEqual({
      kind: 'tcp',
      host: '127.0.0.1',
      port: 5432,
    });
  });
});

describe('the monitor', () => {
  test('tells each change once', async () => {
    let status = 503;
    const { url } = await appWith(() => status);
    const told = listener();
    const stop = new AbortController();
    const end = monitorHealth(check(url), told, stop.signal);
    for (const [next, expected] of [
      [200, ['unhealthy', 'healthy']],
      [500, ['unhealthy', 'healthy', 'unhealthy']],
      [200, ['unhealthy', 'healthy', 'unhealthy', 'healthy']],
    ] as const) {
      await waitFor(() => told.seen.length === expected.length - 1, WITHIN);
      status = next;
      await waitFor(() => told.seen.length === expected.length, WITHIN);
      expect(told.seen).toEqual(expected);
    }
    stop.abort();
    expect(await end).toBe('ended');
  });

  test('forgives fewer failures than retries', async () => {
    let asked = 0;
    const { url } = await appWith(() => ([2, 3].includes(++asked) ? 500 : 200));
    const told = listener();
    const stop = new AbortController();
    const end = monitorHealth(check(url), told, stop.signal);
    await waitFor(() => asked >= 6, WITHIN);
    stop.abort();
    expect(await end).toBe('ended');
    expect(told.seen).toEqual(['healthy']);
  });

  test('reports an app that is not ready in time, and not one that is', async () => {
    const never = await appWith(() => 503);
    expect(await monitorHealth(check(never.url, 0.1), listener(), NEVER)).toBe('not-ready');

    const ready = await appWith(() => 200);
    const told = listener();
    const stop = new AbortController();
    const end = monitorHealth(check(ready.url, 0.1), told, stop.signal);
    await waitFor(() => told.seen.length > 0, WITHIN);
    stop.abort();
    expect(await end).toBe('ended');
  });
});
