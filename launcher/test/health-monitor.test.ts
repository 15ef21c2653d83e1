// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ExecRequest, ExecResult } from '../src/container/container-engine.ts';
import { monitorHealth } from '../src/supervision/health-monitor.ts';
import { healthTarget, probeHealth, type HealthTarget } from '../src/supervision/health-probe.ts';
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

const target = ({ url }: { readonly url: string }): HealthTarget => ({ kind: 'http', url });

function check(readinessSeconds = 0): Parameters<typeof monitorHealth>[0] {
  return {
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
    const shared = { address: { host: '127.0.0.1', port: 1 } };
    const url = 'http://127.0.0.1:1/x';
    expect(healthTarget({ http: url }, shared)).toEqual({ kind: 'http', url });
    expect(healthTarget({ tcp: 'db.example.org:5432' }, shared)).toEqual({
      kind: 'tcp',
      host: 'db.example.org',
      port: 5432,
    });
  });

  test.each(['localhost', '127.0.0.1', '[::1]'])('means a container by %s', (name) => {
    const container = { address: { host: '10.92.0.3', port: 1 } };
    expect(healthTarget({ http: `http://${name}:8000/x` }, container)).toEqual({
      kind: 'http',
      url: 'http://10.92.0.3:8000/x',
    });
    expect(healthTarget({ tcp: `${name}:8000` }, container)).toEqual({
      kind: 'tcp',
      host: '10.92.0.3',
      port: 8000,
    });
  });
});

describe('a program that is a check', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const ask = (exec?: (request: ExecRequest) => Promise<ExecResult>): Promise<string | undefined> =>
    probeHealth(
      healthTarget(
        { exec: ['/check', 'x'] },
        { address: undefined, ...(exec === undefined ? {} : { exec }) },
      ),
      1_000,
      NEVER,
    );

  test('finds the container well when it exits with 0', async () => {
    const requests: ExecRequest[] = [];
    const answer = ask((request) => {
      requests.push(request);
      return Promise.resolve({ code: 0, stdout: bytes(''), stderr: bytes('noise') });
    });
    expect(await answer).toBeUndefined();
    expect(requests).toMatchObject([{ argv: ['/check', 'x'], timeoutMs: 1_000 }]);
  });

  test.each([
    [{ code: 3, stdout: 'a\nb\n', stderr: '' }, 'exit code 3: b'],
    [{ code: 3, stdout: 'out', stderr: 'err\n' }, 'exit code 3: err'],
    [{ code: 1, stdout: '', stderr: '' }, 'exit code 1'],
    [{ code: undefined, stdout: '', stderr: '' }, 'its time was up'],
  ])('says why when it does not: %j', async ({ code, stdout, stderr }, problem) => {
    const result = { code, stdout: bytes(stdout), stderr: bytes(stderr) };
    expect(await ask(() => Promise.resolve(result))).toBe(problem);
  });

  test('finds it unwell when it cannot be run', async () => {
    expect(await ask(() => Promise.reject(new Error('no such container')))).toBe(
      'no such container',
    );
    expect(await ask()).toBe('no program can be run in it');
  });
});

describe('the monitor', () => {
  test('tells each change once', async () => {
    let status = 503;
    const { url } = await appWith(() => status);
    const told = listener();
    const stop = new AbortController();
    const end = monitorHealth(check(), { kind: 'http', url }, told, stop.signal);
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
    const end = monitorHealth(check(), { kind: 'http', url }, told, stop.signal);
    await waitFor(() => asked >= 6, WITHIN);
    stop.abort();
    expect(await end).toBe('ended');
    expect(told.seen).toEqual(['healthy']);
  });

  test('reports an app that is not ready in time, and not one that is', async () => {
    const never = await appWith(() => 503);
    expect(await monitorHealth(check(0.1), target(never), listener(), NEVER)).toBe('not-ready');

    const ready = await appWith(() => 200);
    const told = listener();
    const stop = new AbortController();
    const end = monitorHealth(check(0.1), target(ready), told, stop.signal);
    await waitFor(() => told.seen.length > 0, WITHIN);
    stop.abort();
    expect(await end).toBe('ended');
  });
});
