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
        mode: 'batch',
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
  });

  it('is one for this connection alone when the caller wants that, or the host knows no other', async () => {
    const modes: string[] = [];
    const { port } = await serveAttested(identity, {
      challenge: async (question, socket) => {
        modes.push(question.mode);
        return question.mode === 'batch' ? 400 : soundAnswer(identity, question, socket);
      },
    });
    expect(await outcome(port, { ...requirements, sessionMode: 'challenge' })).toBe('accepted');
    expect(modes).toEqual(['challenge']);
    expect(await outcome(port)).toBe('accepted');
    expect(modes).toEqual(['challenge', 'batch', 'challenge']);
    expect(await outcome(port, { ...requirements, sessionMode: 'batch' })).toBe(
      'ERR_SESSION_UNAVAILABLE',
    );
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
    const challenged = { ...requirements, sessionMode: 'challenge' } as const;
    expect(await outcome(gpu.port, challenged)).toBe('ERR_BINDING_SESSION');
    expect(await outcome(gpu.port)).toBe('ERR_SESSION_ANSWER');
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
    ['is at another place of its batch', { index: 0 }, 'ERR_BINDING_SESSION'],
    ['is outside of its batch', { index: 3 }, 'ERR_BATCH_PATH'],
    ['is of a larger batch', { size: 4 }, 'ERR_BINDING_SESSION'],
    ['is of a batch of another shape', { size: 9 }, 'ERR_BATCH_PATH'],
    ['is of no batch', { size: 0 }, 'ERR_BATCH_PATH'],
    ['has an index that is text', { index: '1' }, 'ERR_SESSION_ANSWER'],
    ['has half a size', { size: 2.5 }, 'ERR_SESSION_ANSWER'],
    ['has no path', { path: undefined }, 'ERR_SESSION_ANSWER'],
    ['has an empty path', { path: [] }, 'ERR_BATCH_PATH'],
    ['has a path that is too long', { path: Array(21).fill('AA') }, 'ERR_SESSION_ANSWER'],
    ['has a path of other hashes', { path: ['AA', 'AA'] }, 'ERR_BATCH_PATH'],
    ['was closed at another time', { time: AT.getTime() - 1 }, 'ERR_BINDING_SESSION'],
    ['has no time', { time: null }, 'ERR_SESSION_ANSWER'],
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

describe('evidence for a key', () => {
  it('is asked for when the certificate carries none, and binds to the certificate', async () => {
    const { port, requests } = await serveAttested(identity);
    const target = { host: HOSTNAME, port };
    const { socket, verdict } = await verifiedConnect(target, requirementsFor(identity));
    socket.destroy();
    const quoteTime = new Date('2026-06-01T11:00:00Z');
    expect(verdict).toMatchObject({ binding: 'certificate', quoteTime });
    expect(requests).toEqual(['POST /.well-known/attestation']);
  });

  it.each<[string, object, string]>([
    ['is of another time', { quote_time: '2026-06-01T11:01Z' }, 'ERR_BINDING_REPORT_DATA'],
    ['is of two days ago', { quote_time: '2026-05-30T11:00Z' }, 'ERR_BINDING_LIFETIME'],
    ['has no time', { quote_time: null }, 'ERR_SESSION_ANSWER'],
    ['has a time that is none', { quote_time: '2026-13-01T11:00Z' }, 'ERR_SESSION_ANSWER'],
    ['is evidence for a session', { mode: 'challenge' }, 'ERR_SESSION_ANSWER'],
    ['is of another TEE than it says', { tee: 'sgx' }, 'ERR_EVIDENCE_MISMATCH'],
  ])('is refused when it %s', async (_what, members, expected) => {
    const { port } = await changing((sound) => ({ ...sound, ...members }));
    expect(await outcome(port, requirementsFor(identity))).toBe(expected);
  });

  it('is missing when the host has none', async () => {
    const { port } = await serveAttested(identity, { challenge: async () => 404 });
    expect(await outcome(port, requirementsFor(identity))).toBe('ERR_EVIDENCE_MISSING');
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
