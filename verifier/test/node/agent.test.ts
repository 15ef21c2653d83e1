// SPDX-License-Identifier: Apache-2.0
import { get, request as httpsRequest } from 'node:https';
import { type AgentOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { AttestedAgent, verdictOf, verifiedConnect } from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { attestedIdentity, counting, HOSTNAME, requirementsFor } from './attested-identity.ts';
import { serveAttested, serveSilently, textOf } from './attested-server.ts';

const identity = await attestedIdentity();

function agentFor(requirements = requirementsFor(identity), options: AgentOptions = {}) {
  const agent = new AttestedAgent(requirements, options);
  onTestFinished(() => {
    agent.destroy();
  });
  return agent;
}

async function ask(agent: AttestedAgent, port: number, more: object = {}): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: HOSTNAME, port, agent, ...more }, resolve).on('error', reject);
  });
  const binding = verdictOf(response.socket)?.binding ?? 'unverified';
  return `${binding} ${await textOf(response)}`;
}

describe('an https.Agent', () => {
  it('verifies every connection of its pool once', async () => {
    // Node counts a connection when it is open, so a burst can open more than maxSockets.
    const { port, requests, resumed } = await serveAttested(identity);
    const requirements = counting(requirementsFor(identity));
    const agent = agentFor(requirements, { keepAlive: true, maxSockets: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, async () => ask(agent, port)));
    expect(new Set(answers)).toEqual(new Set(['certificate hello']));
    expect(requests.length).toBe(12);
    expect(requirements.count).toBe(resumed.length);
    for (let round = 0; round < 3; round += 1) await ask(agent, port);
    expect(requirements.count).toBe(resumed.length);
    expect(resumed.length).toBeLessThanOrEqual(12);
    expect(resumed).not.toContain(true);
  });

  it('does not resume sessions, however it is told to', async () => {
    const { port, resumed } = await serveAttested(identity);
    const agent = agentFor(undefined, { keepAlive: false, maxCachedSessions: 100 });
    for (let round = 0; round < 3; round += 1) {
      expect(await ask(agent, port)).toBe('certificate hello');
    }
    expect(resumed).toEqual([false, false, false]);
  });

  it('is not weakened by options of a request', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const agent = agentFor(requirementsFor(identity, { tee: 'sev-snp' }));
    const weak = {
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      path: '/secret',
    };
    expect(await refusal(async () => ask(agent, port, weak))).toBe('ERR_POLICY_TEE');
    expect((await nextClient()).length).toBe(0);
  });

  it('keeps the body of a request back as well', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const agent = agentFor(requirementsFor(identity, { roots: 'intel' }));
    const send = async () =>
      new Promise((_resolve, reject) => {
        const outgoing = httpsRequest({ host: HOSTNAME, port, agent, method: 'POST' });
        outgoing.on('error', reject);
        outgoing.flushHeaders();
        outgoing.end('secret');
      });
    expect(await refusal(send)).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect((await nextClient()).length).toBe(0);
  });

  it('asks for the document on the connection that it then uses', async () => {
    const { port, requests, resumed } = await serveAttested(identity);
    const agent = agentFor({ ...requirementsFor(identity), fetchDocument: true });
    expect(await ask(agent, port, { path: '/secret' })).toBe('certificate hello');
    expect(requests).toEqual(['GET /.well-known/attestation', 'GET /secret']);
    expect(resumed.length).toBe(1);
  });
});

describe('a raw TLS connection', () => {
  it('is refused before anything is written, and has its verdict', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const target = { host: HOSTNAME, port };
    const strict = requirementsFor(identity, { tee: 'sgx' });
    expect(await refusal(async () => verifiedConnect(target, strict))).toBe('ERR_POLICY_TEE');
    expect((await nextClient()).length).toBe(0);
    const { socket, verdict } = await verifiedConnect(target, requirementsFor(identity));
    expect(verdictOf(socket)).toBe(verdict);
    socket.end('secret');
    expect((await nextClient()).toString()).toBe('secret');
  });
});
