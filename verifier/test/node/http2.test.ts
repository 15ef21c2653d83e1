// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import {
  type AttestedHttp2Options,
  attestedHttp2Connect,
  verdictOf,
} from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { attestedIdentity, HOSTNAME, requirementsFor } from './attested-identity.ts';
import { serveAttested, serveSilently, soundAnswer, textOf } from './attested-server.ts';

const identity = await attestedIdentity();
const forSessions = await attestedIdentity({ withoutQuote: true });

async function open(
  port: number,
  requirements = requirementsFor(identity),
  options: AttestedHttp2Options = {},
) {
  const opened = await attestedHttp2Connect(`https://${HOSTNAME}:${port}`, requirements, options);
  onTestFinished(() => {
    opened.session.destroy();
  });
  return opened;
}

async function get(session: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<string> {
  return textOf(session.request(headers));
}

describe('an HTTP/2 session', () => {
  it('is opened to a verified peer and knows its verdict', async () => {
    const { port, requests, resumed } = await serveAttested(identity);
    const { session, verdict } = await open(port, undefined, { settings: { enablePush: false } });
    expect(requests).toEqual([]);
    expect(verdict.binding).toBe('certificate');
    expect(verdictOf(session)).toBe(verdict);
    expect(verdictOf(session.socket)).toBe(verdict);
    const bodies = await Promise.all([
      get(session, { ':path': '/one' }),
      get(session, { ':path': '/two' }),
    ]);
    expect(bodies).toEqual(['hello', 'hello']);
    expect(requests.sort()).toEqual(['GET /one', 'GET /two']);
    await open(port);
    expect(resumed).toEqual([false, false]);
  });

  it('asks for the document over itself', async () => {
    const { port, requests, resumed } = await serveAttested(identity);
    const { verdict } = await open(port, { ...requirementsFor(identity), fetchDocument: true });
    expect(verdict.workloads).toEqual([]);
    expect(requests).toEqual(['GET /.well-known/attestation']);
    expect(resumed.length).toBe(1);
  });

  it('runs the exchange for the session over itself', async () => {
    const { port, requests } = await serveAttested(forSessions);
    const policy = { freshness: { mode: 'session' } };
    const { session, verdict } = await open(port, requirementsFor(forSessions, policy));
    expect(verdict.binding).toBe('session');
    expect(await get(session, { ':path': '/' })).toBe('hello');
    expect(requests).toEqual(['POST /.well-known/attestation', 'GET /']);
  });

  it('is not opened to a peer that is refused', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const refused = async (policy: object) =>
      refusal(async () => open(port, requirementsFor(identity, policy)));
    expect(await refused({ tee: 'sgx' })).toBe('ERR_POLICY_TEE');
    expect((await nextClient()).length).toBe(0);
    const server = await serveAttested(forSessions, {
      challenge: async (question, socket) => soundAnswer(identity, question, socket),
    });
    const session = requirementsFor(forSessions, { freshness: { mode: 'session' } });
    // The quote is another platform's.
    expect(await refusal(async () => open(server.port, session))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(server.requests).toEqual(['POST /.well-known/attestation']);
  });

  it('needs a host that speaks HTTP/2, and TLS', async () => {
    const { port } = await serveAttested(identity, { protocols: [] });
    expect(await refusal(async () => open(port))).toBe('ERR_CONNECT_PROTOCOL');
    const insecure = async () =>
      attestedHttp2Connect(`http://${HOSTNAME}:${port}`, requirementsFor(identity));
    expect(await refusal(insecure)).toBe('ERR_CONNECT_INSECURE');
  });

  it('reports what the host does not answer', async () => {
    const requirements = requirementsFor(forSessions, { freshness: { mode: 'session' } });
    const declining = await serveAttested(forSessions, { challenge: async () => 503 });
    expect(await refusal(async () => open(declining.port, requirements))).toBe(
      'ERR_SESSION_UNAVAILABLE',
    );
    const silent = await serveAttested(forSessions, {
      challenge: async () => new Promise(() => undefined),
    });
    expect(await refusal(async () => open(silent.port, requirements, { timeoutMs: 300 }))).toBe(
      'ERR_CONNECT_TIMEOUT',
    );
  });
});
