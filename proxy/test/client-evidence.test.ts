// SPDX-License-Identifier: Apache-2.0
import {
  encodeAttestationDocument,
  fromBase64Url,
  decodePem,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_EXPORTER_LABEL,
  toBase64Url,
  toHex,
} from '@proofgate/evidence';
import { afterEach, describe, expect, it } from 'vitest';
import { ProxyError } from '../src/errors.ts';
import type { ClientDemand, ClientPresentation } from '../src/evidence/client-demand.ts';
import { CLIENT_CONTEXT_MS, ClientContexts } from '../src/evidence/client-contexts.ts';
import { connectForEvidence, type EvidenceConnection } from './evidence-client.ts';
import { testIdentity } from './test-identity.ts';
import { startWorker, type TestWorker } from './test-worker.ts';

const APP = 'app.example.com';
const document = Buffer.from(
  encodeAttestationDocument({
    version: 1,
    host: APP,
    tee: 'tdx',
    simulated: true,
    certificateChain: decodePem(testIdentity(APP, 0).chain, 'CERTIFICATE'),
    quote: Uint8Array.of(1, 2, 3),
    quoteTime: '2026-06-01T12:00Z',
    eventLog: [],
    manifests: {},
  }),
);

let worker: TestWorker | undefined;
const open: EvidenceConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await worker?.close();
});

/** A host that wants evidence of its clients, and what came. */
async function setup() {
  const presented: ClientPresentation[] = [];
  const proved = new Set<unknown>();
  let now = 0;
  const clients: ClientDemand = {
    wishOf: ({ socket }) => (proved.has(socket) ? 'welcome' : 'required'),
    judge: (presentation) => {
      presented.push(presentation);
      if (presentation.tee !== 'tdx') {
        return Promise.reject(new ProxyError('ERR_PROXY_EVIDENCE_CLIENT', 'not this TEE'));
      }
      proved.add(presentation.connection.socket);
      return Promise.resolve();
    },
  };
  const contexts = new ClientContexts(() => now);
  const hosts = [{ hostname: APP, upstream: 'http://127.0.0.1:1', document }];
  const started = await startWorker(hosts, {}, {}, { clients, contexts });
  worker = started;
  return {
    presented,
    advance: (ms: number) => (now += ms),
    connect: async () => {
      const connection = await connectForEvidence(started.port, APP);
      open.push(connection);
      return connection;
    },
  };
}

async function contextFor(connection: EvidenceConnection): Promise<string> {
  const { context: _context, ...question } = connection.question('deterministic');
  const { body } = await connection.ask(question);
  const answer = JSON.parse(body) as Record<string, unknown>;
  expect(answer['client_evidence']).toBe('required');
  return String(answer['client_context']);
}

const present = (context: string, more: object = {}): object => ({
  v: 2,
  mode: 'present',
  context,
  tee: 'tdx',
  quote: 'AQID',
  gpu_evidence: null,
  quote_time: '2026-06-01T12:00Z',
  ...more,
});

describe('a client that has to prove itself', () => {
  it('does so over a context of the host and its own exporter label', async () => {
    const { connect, presented } = await setup();
    const connection = await connect();
    const context = await contextFor(connection);
    const answer = await connection.ask(present(context));
    expect(answer).toMatchObject({ status: 204, body: '' });
    expect(answer.headers['content-length']).toBeUndefined();
    const [seen] = presented;
    const bytes = fromBase64Url(context);
    expect(toHex(seen!.context)).toBe(toHex(bytes));
    const own = connection.exported(SESSION_CLIENT_EXPORTER_LABEL, bytes);
    expect(toHex(seen!.exported)).toBe(toHex(own));
    expect(toHex(own)).not.toBe(toHex(connection.exported(SESSION_EXPORTER_LABEL, bytes)));
    const { context: _context, ...question } = connection.question('deterministic');
    const { body } = await connection.ask(question);
    // It need not again, and may.
    expect(JSON.parse(body)).toMatchObject({ client_evidence: 'none' });
    const { client_context: renewed } = JSON.parse(body) as { client_context: string };
    expect((await connection.ask(present(renewed))).status).toBe(204);
  });

  it('may try each context once', async () => {
    const { connect, presented } = await setup();
    const connection = await connect();
    const context = await contextFor(connection);
    const refused = await connection.ask(present(context, { tee: 'sgx' }));
    expect(refused.status).toBe(403);
    expect((await connection.ask(present(context))).status).toBe(403);
    expect(presented).toHaveLength(1);
    expect((await connection.ask(present(await contextFor(connection)))).status).toBe(204);
  });

  it('has two minutes', async () => {
    const { connect, advance } = await setup();
    const [early, late] = [await connect(), await connect()];
    const contexts = [await contextFor(early), await contextFor(late)] as const;
    advance(CLIENT_CONTEXT_MS);
    expect((await early.ask(present(contexts[0]))).status).toBe(204);
    advance(1);
    expect((await late.ask(present(contexts[1]))).status).toBe(403);
  });

  it('cannot use the context of another connection, one of its own choice, or an older one', async () => {
    const { connect, presented } = await setup();
    const [one, other] = [await connect(), await connect()];
    const context = await contextFor(one);
    await contextFor(other);
    expect((await other.ask(present(context))).status).toBe(403);
    expect((await other.ask(present(toBase64Url(new Uint8Array(32))))).status).toBe(403);
    await contextFor(one);
    expect((await one.ask(present(context))).status).toBe(403);
    expect(presented).toEqual([]);
  });
});
