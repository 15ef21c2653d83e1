// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { get } from 'node:https';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { sha256, toBase64Url } from '@proofgate/evidence';
import { outcomeOf, verifyCertificate } from '@proofgate/verifier';
import {
  AttestedAgent,
  connectTls,
  requestSessionEvidence,
  verdictOf,
  verifiedConnect,
} from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { AT, attestedIdentity, HOSTNAME, requirementsFor } from './attested-identity.ts';
import {
  type AttestedServer,
  type ChallengeRequest,
  serveAttested,
  type ServerWish,
  soundAnswer,
  textOf,
} from './attested-server.ts';

const identity = await attestedIdentity({ withoutQuote: true });
const withQuote = await attestedIdentity();
const SESSION = { freshness: { mode: 'session' } };
const requirements = requirementsFor(identity, SESSION);

async function outcome(port: number, wanted = requirements): Promise<string> {
  return refusal(async () => {
    const { socket } = await verifiedConnect({ host: HOSTNAME, port, timeoutMs: 2_000 }, wanted);
    socket.destroy();
  });
}

/** A server whose sound answers are changed on their way out. */
async function changing(change: (sound: object, question: ChallengeRequest) => unknown) {
  return serveAttested(identity, {
    challenge: async (question, socket) =>
      change(await soundAnswer(identity, question, socket), question),
  });
}

/** Ends TLS with the leaf's own key, as whoever stole it can, and passes everything on to the real host. */
async function relayTo({ port }: AttestedServer, of = identity): Promise<number> {
  const ends = new Set<TLSSocket>();
  const relay = createServer(
    { minVersion: 'TLSv1.3', cert: of.chainPem, key: of.keyPem, ALPNProtocols: ['http/1.1'] },
    (client) => {
      const real = connect({
        host: '127.0.0.1',
        port,
        servername: HOSTNAME,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: false,
      });
      for (const end of [client, real]) ends.add(end.on('error', () => undefined));
      client.pipe(real).pipe(client);
    },
  );
  relay.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const end of ends) end.destroy();
    relay.close();
  });
  return (relay.address() as AddressInfo).port;
}

describe('evidence for a session', () => {
  it('binds the verdict to the connection', async () => {
    const questions: ChallengeRequest[] = [];
    const { port, requests } = await serveAttested(identity, {
      challenge: async (question, socket) => {
        questions.push(question);
        return soundAnswer(identity, question, socket);
      },
    });
    const { socket, verdict } = await verifiedConnect({ host: HOSTNAME, port }, requirements);
    onTestFinished(() => void socket.destroy());
    expect(verdict).toMatchObject({ binding: 'session', quoteTime: AT, chainVerified: true });
    expect(requests).toEqual(['POST /.well-known/attestation']);
    expect(questions).toEqual([
      {
        v: 2,
        mode: 'challenge',
        leaf: toBase64Url(sha256(identity.spki)),
        context: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      },
    ]);
    expect(await outcome(port)).toBe('accepted');
    expect(questions[1]?.context).not.toBe(questions[0]?.context);
  });

  it('is asked for on every connection of an agent, and before the document', async () => {
    const { port, requests } = await serveAttested(identity);
    const agent = new AttestedAgent({ ...requirements, fetchDocument: true }, { keepAlive: true });
    onTestFinished(() => {
      agent.destroy();
    });
    const ask = async () => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: HOSTNAME, port, agent, path: '/secret' }, resolve).on('error', reject);
      });
      return `${verdictOf(response.socket)?.binding ?? ''} ${await textOf(response)}`;
    };
    expect(await ask()).toBe('session hello');
    expect(await ask()).toBe('session hello');
    expect(requests).toEqual([
      'POST /.well-known/attestation',
      'GET /.well-known/attestation',
      'GET /secret',
      'GET /secret',
    ]);
  });

  it('is asked for when the policy or the caller wants it, and not otherwise', async () => {
    const { port, requests } = await serveAttested(withQuote);
    expect(await outcome(port, requirementsFor(withQuote))).toBe('accepted');
    expect(requests).toEqual([]);
    const asked = { ...requirementsFor(withQuote), freshness: 'session' } as const;
    expect(await outcome(port, asked)).toBe('accepted');
    expect(requests).toEqual(['POST /.well-known/attestation']);
    const bare = await serveAttested(identity);
    expect(await outcome(bare.port, requirementsFor(identity))).toBe('ERR_EVIDENCE_MISSING');
  });

  it('is refused when somebody in between ends TLS with the stolen key of the leaf', async () => {
    const host = await serveAttested(withQuote);
    const relay = await relayTo(host, withQuote);
    // A certificate cannot tell: its evidence covers the key, and the relay has it.
    expect(await outcome(relay, requirementsFor(withQuote))).toBe('accepted');
    const sessions = requirementsFor(withQuote, SESSION);
    expect(await outcome(host.port, sessions)).toBe('accepted');
    expect(await outcome(relay, sessions)).toBe('ERR_BINDING_SESSION');
    expect(host.requests).toEqual(Array(2).fill('POST /.well-known/attestation'));
  });

  it('is refused when it is for another context or an earlier session', async () => {
    const wrong = await serveAttested(identity, {
      challenge: async (question, socket) => {
        const context = toBase64Url(new Uint8Array(randomBytes(32)));
        return soundAnswer(identity, { ...question, context }, socket);
      },
    });
    expect(await outcome(wrong.port)).toBe('ERR_BINDING_SESSION');
    let first: object | undefined;
    const replaying = await changing((sound) => (first ??= sound));
    expect(await outcome(replaying.port)).toBe('accepted');
    expect(await outcome(replaying.port)).toBe('ERR_BINDING_SESSION');
  });

  it('is refused when it is for another key, or covers GPU evidence that is not there', async () => {
    const otherKey = await serveAttested(identity, {
      challenge: async (question, socket) =>
        soundAnswer({ ...identity, spki: withQuote.spki }, question, socket),
    });
    expect(await outcome(otherKey.port)).toBe('ERR_BINDING_SESSION');
    const gpu = await changing((sound) => ({ ...sound, tee: 'tdx-gpu', gpu_evidence: 'AQID' }));
    expect(await outcome(gpu.port)).toBe('ERR_BINDING_SESSION');
  });

  it.each<[string, object, string]>([
    ['has nothing more', {}, 'accepted'],
    ['has members that we do not know', { later: true }, 'accepted'],
    ['is of another version', { v: 3 }, 'ERR_SESSION_ANSWER'],
    ['is of another mode', { mode: 'deterministic' }, 'ERR_SESSION_ANSWER'],
    ['is of an unknown TEE', { tee: 'cca' }, 'ERR_SESSION_ANSWER'],
    ['is of another TEE than it says', { tee: 'sgx' }, 'ERR_EVIDENCE_MISMATCH'],
    ['lacks GPU evidence', { tee: 'tdx-gpu' }, 'ERR_SESSION_ANSWER'],
    ['has no quote', { quote: null }, 'ERR_SESSION_ANSWER'],
    ['has a quote in another encoding', { quote: 'AA+/' }, 'ERR_SESSION_ANSWER'],
    ['has a quote that is too large', { quote: 'A'.repeat(44_000) }, 'ERR_SESSION_ANSWER'],
    ['wants something unknown', { client_evidence: 'maybe' }, 'ERR_SESSION_ANSWER'],
    ['wants evidence of us', { client_evidence: 'required' }, 'ERR_SESSION_CLIENT_EVIDENCE'],
  ])('is judged when its answer %s', async (_what, members, expected) => {
    const { port } = await changing((sound) => ({ ...sound, ...members }));
    expect(await outcome(port)).toBe(expected);
  });

  it.each<[string, unknown, string]>([
    ['is no JSON', '<html>', 'ERR_SESSION_ANSWER'],
    ['is no object', [], 'ERR_SESSION_ANSWER'],
    ['is too large', { more: 'x'.repeat(200_000) }, 'ERR_SESSION_ANSWER'],
    ['is a refusal', 404, 'ERR_SESSION_UNAVAILABLE'],
  ])('is not there when the answer %s', async (_what, answer, expected) => {
    const { port } = await serveAttested(identity, { challenge: async () => answer });
    expect(await outcome(port)).toBe(expected);
  });

  it('is not there when the host is silent, or goes away', async () => {
    const serve = async (challenge: ServerWish['challenge']) =>
      serveAttested(identity, challenge === undefined ? {} : { challenge });
    const silent = await serve(async () => new Promise(() => undefined));
    const target = { host: HOSTNAME, port: silent.port, timeoutMs: 200 };
    expect(await refusal(async () => verifiedConnect(target, requirements))).toBe(
      'ERR_CONNECT_TIMEOUT',
    );
    const leaving = await serve(async (_question, socket) => {
      socket.destroy();
    });
    expect(await outcome(leaving.port)).toBe('ERR_SESSION_UNAVAILABLE');
    const controller = new AbortController();
    const reason = new Error('stopped');
    const stopping = await serve(async () => {
      controller.abort(reason);
      return new Promise(() => undefined);
    });
    const { signal } = controller;
    const pending = verifiedConnect({ host: HOSTNAME, port: stopping.port, signal }, requirements);
    await expect(pending).rejects.toBe(reason);
  });
});

describe('requestSessionEvidence', () => {
  it('returns what verifyCertificate judges', async () => {
    const { port } = await serveAttested(identity);
    const peer = await connectTls({ host: HOSTNAME, port });
    onTestFinished(() => void peer.socket.destroy());
    const session = await requestSessionEvidence(peer, { host: HOSTNAME, clock: () => AT });
    const { clock: _clock, ...judging } = requirements;
    const options = { ...judging, chain: peer.chain, hostname: HOSTNAME, at: AT };
    expect((await verifyCertificate({ ...options, session })).binding).toBe('session');
    expect(await refusal(async () => verifyCertificate(options))).toBe('ERR_EVIDENCE_MISSING');
  });

  it('refuses a connection that is closed or shows no certificate', async () => {
    const { port } = await serveAttested(identity);
    const peer = await connectTls({ host: HOSTNAME, port });
    expect(
      await refusal(async () => requestSessionEvidence({ ...peer, chain: [] }, { host: HOSTNAME })),
    ).toBe('ERR_CERT_CHAIN_LENGTH');
    peer.socket.destroy();
    try {
      await requestSessionEvidence(peer, { host: HOSTNAME });
      expect.unreachable();
    } catch (error) {
      expect(outcomeOf(error)).not.toBe('internal');
    }
  });
});
