// SPDX-License-Identifier: Apache-2.0
import { createSimulatedPlatform } from '@proofgate/simulator';
import {
  encodeAttestationDocument,
  decodePem,
  fromBase64Url,
  SESSION_CLIENT_EXPORTER_LABEL,
  sessionReportData,
  toBase64Url,
} from '@proofgate/evidence';
import { afterEach, describe, expect, it } from 'vitest';
import type { RouteClients } from '../src/peer/route-clients.ts';
import { connectForEvidence, type EvidenceConnection } from './evidence-client.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { rulesFor, testClient, testPeers, type TestClient } from './test-clients.ts';
import { testIdentity } from './test-identity.ts';
import { startWorker, type TestWorker } from './test-worker.ts';

const APP = 'app.example.com';
/** One VM; clients are workloads of it, each with a key of its own. */
const platform = createSimulatedPlatform();
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

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Setup {
  readonly worker: TestWorker;
  readonly upstream: HttpUpstream;
  connect(client?: TestClient): Promise<EvidenceConnection>;
  apply(clients: RouteClients | undefined): void;
  advance(ms: number): void;
}

/** A host that shows what its upstream is told of clients. */
async function setup(clients: RouteClients): Promise<Setup> {
  let ahead = 0;
  const peers = testPeers(() => new Date(Date.now() + ahead));
  const upstream = await startHttpUpstream((incoming, outgoing) => {
    outgoing.end(JSON.stringify(incoming.headersDistinct));
  });
  closers.push(() => upstream.close());
  const host = { hostname: APP, upstream: upstream.upstream, document };
  const worker = await startWorker([{ ...host, clients }], {}, {}, {}, { peers });
  closers.push(() => worker.close());
  return {
    worker,
    upstream,
    connect: async (client) => {
      const connection = await connectForEvidence(worker.port, APP, client);
      closers.push(() => connection.close());
      return connection;
    },
    apply: (next) => worker.apply([next === undefined ? host : { ...host, clients: next }]),
    advance: (ms) => (ahead += ms),
  };
}

async function wishOf(connection: EvidenceConnection): Promise<[string, string | null]> {
  const { context: _context, ...question } = connection.question('deterministic');
  const answer = JSON.parse((await connection.ask(question)).body) as Record<string, string>;
  return [answer['client_evidence'] ?? '', answer['client_context'] ?? null];
}

/** Evidence of a client for a context, over a connection of its own or, to see it fail, another one. */
async function evidence(
  client: TestClient,
  over: EvidenceConnection,
  context: string,
): Promise<object> {
  const bytes = fromBase64Url(context);
  const exported = over.exported(SESSION_CLIENT_EXPORTER_LABEL, bytes);
  const quote = await client.platform.quote(sessionReportData(client.spki, bytes, exported));
  return {
    v: 2,
    mode: 'present',
    context,
    tee: 'tdx',
    quote: toBase64Url(quote),
    gpu_evidence: null,
    quote_time: '2026-06-01T12:00Z',
  };
}

async function present(client: TestClient, connection: EvidenceConnection): Promise<number> {
  const [, context] = await wishOf(connection);
  const { status } = await connection.ask(await evidence(client, connection, context ?? ''));
  return status;
}

function codeOf({ body }: { body: string }): unknown {
  return (JSON.parse(body) as { code?: unknown }).code;
}

function toldOf({ body }: { body: string }): Record<string, string[]> {
  const all = JSON.parse(body) as Record<string, string[]>;
  return Object.fromEntries(Object.entries(all).filter(([name]) => /peer|attestation/.test(name)));
}

describe('a host whose clients are required to prove themselves', () => {
  it('answers nothing to who has not, and says where to', async () => {
    const { connect, upstream } = await setup(rulesFor(platform));
    const anonymous = await connect();
    const refused = await anonymous.send('/');
    expect([refused.status, codeOf(refused)]).toEqual([403, 'ERR_PROXY_PEER_REQUIRED']);
    expect(refused.body).toContain('/.well-known/attestation');
    expect(await wishOf(anonymous)).toEqual(['required', expect.any(String)]);
    expect(upstream.connections()).toBe(0);
  });

  it('serves a client with evidence for its session, and tells the upstream', async () => {
    const { connect } = await setup(rulesFor(platform));
    const client = await testClient({ platform });
    const connection = await connect(client);
    expect((await connection.send('/')).status).toBe(403);
    expect(await present(client, connection)).toBe(204);
    const told = toldOf(await connection.send('/'));
    expect(told).toMatchObject({
      'x-proofgate-peer-verified': ['true'],
      'x-proofgate-peer-binding': ['session'],
      'x-proofgate-peer-tee': ['tdx'],
    });
  });

  it('serves a client with evidence in its certificate', async () => {
    const { connect } = await setup(rulesFor(platform));
    const connection = await connect(await testClient({ platform, quote: true }));
    const told = toldOf(await connection.send('/'));
    expect(told).toMatchObject({ 'x-proofgate-peer-binding': ['certificate'] });
    expect((await wishOf(connection))[0]).toBe('none');
  });

  it('wants nothing of clients that come from an acceptable VM in another way than its policy says', async () => {
    const wish = { policy: { freshness: { mode: 'session' } } };
    const { connect } = await setup(rulesFor(platform, wish));
    const client = await testClient({ platform, quote: true });
    const connection = await connect(client);
    expect(codeOf(await connection.send('/'))).toBe('ERR_PROXY_PEER_REQUIRED');
    expect(await present(client, connection)).toBe(204);
    expect(toldOf(await connection.send('/'))).toMatchObject({
      'x-proofgate-peer-binding': ['session'],
    });
  });
});

describe('evidence of a client', () => {
  it('counts on the connection that it was made for alone', async () => {
    const { connect } = await setup(rulesFor(platform));
    const client = await testClient({ platform });
    const [own, other] = [await connect(client), await connect(client)];
    const [, context] = await wishOf(own);
    const made = await evidence(client, own, context ?? '');
    await wishOf(other);
    // Somebody has the evidence and the client's key: its context was not given to this connection.
    expect(await other.ask(made)).toMatchObject({ status: 403 });
    const [, theirs] = await wishOf(other);
    expect(codeOf(await other.ask({ ...made, context: theirs }))).toBe('ERR_PROXY_EVIDENCE_CLIENT');
    expect((await own.ask(made)).status).toBe(204);
    expect((await own.send('/')).status).toBe(200);
    expect(codeOf(await other.send('/'))).toBe('ERR_PROXY_PEER_REFUSED');
  });

  it('makes a client refused when it does not hold, until it shows better', async () => {
    const { connect } = await setup(rulesFor(platform, { mode: 'optional' }));
    const client = await testClient({ platform });
    const foreign = await testClient();
    const connection = await connect(client);
    expect((await connection.send('/')).status).toBe(200);
    const [, context] = await wishOf(connection);
    const wrong = await evidence({ ...foreign, spki: client.spki }, connection, context ?? '');
    expect((await connection.ask(wrong)).status).toBe(403);
    const refused = await connection.send('/');
    expect([refused.status, codeOf(refused)]).toEqual([403, 'ERR_PROXY_PEER_REFUSED']);
    expect(await present(client, connection)).toBe(204);
    expect((await connection.send('/')).status).toBe(200);
  });

  it('is not judged for ever on one connection', async () => {
    const { connect } = await setup(rulesFor(platform));
    const client = await testClient({ platform });
    const connection = await connect(client);
    const other = await testClient();
    for (let refused = 0; refused < 8; refused += 1) {
      expect(await present({ ...other, spki: client.spki }, connection)).toBe(403);
    }
    expect(await present(client, connection)).toBe(403);
    expect(await present(client, await connect(client))).toBe(204);
  });

  it('cannot be of another key than the one in the handshake', async () => {
    const { connect } = await setup(rulesFor(platform));
    const [client, other] = [await testClient({ platform }), await testClient({ platform })];
    const connection = await connect(client);
    expect(await present({ ...client, spki: other.spki }, connection)).toBe(403);
    const none = await connect();
    const shown = await evidence(client, none, (await wishOf(none))[1] ?? '');
    expect(codeOf(await none.ask(shown))).toBe('ERR_PROXY_EVIDENCE_CLIENT');
  });

  it('ends, and new evidence takes its place', async () => {
    const { connect, advance } = await setup(rulesFor(platform));
    const client = await testClient({ platform });
    const connection = await connect(client);
    await present(client, connection);
    advance(599_000);
    expect((await connection.send('/')).status).toBe(200);
    expect(await wishOf(connection)).toEqual(['none', expect.any(String)]);
    advance(1_000);
    const expired = await connection.send('/');
    expect([expired.status, codeOf(expired)]).toEqual([403, 'ERR_PROXY_PEER_EXPIRED']);
    expect((await wishOf(connection))[0]).toBe('required');
    expect(await present(client, connection)).toBe(204);
    expect((await connection.send('/')).status).toBe(200);
  });

  it('in a certificate ends with the connection', async () => {
    const { connect, advance } = await setup(rulesFor(platform));
    const connection = await connect(await testClient({ platform, quote: true }));
    advance(600_000);
    const answer = await connection.send('/');
    expect([answer.status, answer.headers.connection]).toEqual([421, 'close']);
  });

  it('is not older than the policy allows, counted from the context', async () => {
    const freshness = { mode: 'session', maxAge: 'PT1M' };
    const { connect, advance } = await setup(rulesFor(platform, { policy: { freshness } }));
    const client = await testClient({ platform });
    const connection = await connect(client);
    expect(await present(client, connection)).toBe(204);
    advance(59_000);
    expect((await connection.send('/')).status).toBe(200);
    advance(1_100);
    expect(codeOf(await connection.send('/'))).toBe('ERR_PROXY_PEER_EXPIRED');
  });

  it('cannot make another TEE of who has proved to be one', async () => {
    const { mrtd } = platform.measurements();
    const other = createSimulatedPlatform({ identity: platform.identity });
    await other.extend(3, new Uint8Array(48).fill(1));
    expect(other.measurements().mrtd).toEqual(mrtd);
    const { connect } = await setup(rulesFor(platform));
    const client = await testClient({ platform });
    const connection = await connect(client);
    expect(await present(client, connection)).toBe(204);
    expect(await present({ ...client, platform: other }, connection)).toBe(403);
    expect(codeOf(await connection.send('/'))).toBe('ERR_PROXY_PEER_CHANGED');
  });

  it('can bring its collateral along, and has to where nothing else has any', async () => {
    const stapled = { settings: { collateral: { kind: 'stapled' } } } as const;
    const { connect } = await setup(rulesFor(platform, stapled));
    const client = await testClient({ platform });
    const connection = await connect(client);
    // Nothing is wrong with it: it cannot be judged.
    expect(await present(client, connection)).toBe(503);
    const [, context] = await wishOf(connection);
    const bare = await evidence(client, connection, context ?? '');
    const bundle = Buffer.from(JSON.stringify(platform.collateral())).toString('base64url');
    expect((await connection.ask({ ...bare, collateral: bundle })).status).toBe(204);
    expect((await connection.send('/')).status).toBe(200);
    const shown = await connect(await testClient({ platform, quote: true }));
    const answer = await shown.send('/');
    expect([answer.status, codeOf(answer)]).toEqual([503, 'ERR_PROXY_PEER_UNAVAILABLE']);
    expect(answer.headers.connection).toBe('close');
  });
});

describe('a change of the rules', () => {
  it('sends clients that were judged by others to a new connection', async () => {
    const rules = rulesFor(platform);
    const { connect, apply } = await setup(rules);
    const client = await testClient({ platform, quote: true });
    const kept = await connect(client);
    expect((await kept.send('/')).status).toBe(200);
    apply(structuredClone(rules));
    // The same rules in a new snapshot.
    expect((await kept.send('/')).status).toBe(200);
    apply(rulesFor(platform, { policy: { name: 'others' } }));
    expect((await kept.send('/')).status).toBe(421);
    expect((await (await connect(client)).send('/')).status).toBe(200);
    apply(rulesFor(createSimulatedPlatform()));
    expect(codeOf(await (await connect(client)).send('/'))).toMatch(/^ERR_PROXY_PEER_/);
  });

  it('never lets through who was asked nothing', async () => {
    const { connect, apply } = await setup(rulesFor(platform));
    apply(undefined);
    const anonymous = await connect();
    expect((await anonymous.send('/')).status).toBe(200);
    apply(rulesFor(platform));
    expect((await anonymous.send('/')).status).toBe(421);
    apply(undefined);
    expect(toldOf(await (await connect()).send('/'))).toEqual({});
  });
});
