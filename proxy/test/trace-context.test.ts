// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { afterEach, describe, expect, it } from 'vitest';
import { traceIdOf } from '../src/http/trace-context.ts';
import { ask, target } from './https-client.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SOON = { timeoutMs: 4_000 };
const setups = new WorkerSetups();
afterEach(() => setups.close());

describe('the trace of a request', () => {
  it.each([
    `00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-00`,
    `cc-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
  ])('is read from %s', (value) => {
    expect(traceIdOf([value])).toBe(TRACE);
  });

  it.each([
    [],
    [''],
    [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}-01-more`],
    [`cc-${TRACE}-${PARENT}-01.more`],
    [`ff-${TRACE}-${PARENT}-01`],
    [`00-${'0'.repeat(32)}-${PARENT}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}`],
  ])('is not read from %j', (...values) => {
    expect(traceIdOf(values)).toBeUndefined();
  });

  it.each([
    [`00-${TRACE}-${PARENT}-01`, TRACE],
    ['00-not-a-trace', undefined],
  ])('passes through as it is, and is in the log: %s', async (traceparent, traceId) => {
    const { worker } = await setups.http((incoming, outgoing) => {
      outgoing.end(
        JSON.stringify([incoming.headers['traceparent'], incoming.headers['tracestate']]),
      );
    });
    const headers = { traceparent, tracestate: 'a=1,b@c=2' };
    const answer = await ask(target(worker.port, HOST, { headers }));
    expect(JSON.parse(answer.body)).toEqual([traceparent, 'a=1,b@c=2']);
    await waitFor(() => worker.accessLog.length > 0, SOON);
    expect(worker.accessLog[0]?.traceId).toBe(traceId);
  });
});

describe('header fields of a route', () => {
  const HSTS = 'max-age=31536000';

  it('take the place of what the app says, and nothing else is added', async () => {
    const { worker } = await setups.http(
      (_incoming, outgoing) => {
        outgoing.setHeader('strict-transport-security', 'max-age=1');
        outgoing.setHeader('X-Own', 'app').end('hello');
      },
      { responseHeaders: ['Strict-Transport-Security', HSTS, 'X-Frame-Options', 'DENY'] },
    );
    const { rawHeaders, body } = await ask(target(worker.port, HOST));
    expect(body).toBe('hello');
    const found = rawHeaders.filter((_text, index) => index % 2 === 0);
    expect(found.filter((name) => /strict-transport/i.test(name))).toHaveLength(1);
    expect(rawHeaders).toEqual(expect.arrayContaining([HSTS, 'X-Own', 'app', 'DENY']));
    const refused = await ask(target(worker.port, HOST, { headers: { 'Content-Length': 'x' } }));
    expect(refused.status).toBe(400);
    const local = { path: '/.well-known/attestation', method: 'DELETE' };
    const own = await ask(target(worker.port, HOST, local));
    expect(own.headers['strict-transport-security']).toBe(HSTS);
  });

  it('are left to the app where none are configured', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('hello'));
    const { headers } = await ask(target(worker.port, HOST));
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});
