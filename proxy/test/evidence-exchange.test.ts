// SPDX-License-Identifier: Apache-2.0
import {
  batchReportData,
  fromBase64Url,
  parseAttestationDocument,
  parseQuote,
  replayBatchPath,
  SESSION_EXPORTER_LABEL,
  sessionLeaf,
  sessionReportData,
  toBase64Url,
  toHex,
} from '@proofgate/evidence';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../src/index.ts';
import { connectForEvidence, type AskOptions, type EvidenceConnection } from './evidence-client.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const APP = 'app.example.com';
const PATHS = ['/.well-known/attestation', '/__privasys/attest'];

let machine: TestMachine;
let upstream: HttpUpstream;
let proxy: RunningProxy;
const open: EvidenceConnection[] = [];

beforeAll(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((_incoming, outgoing) => outgoing.end('app'));
  proxy = await machine.start(
    machine.config({
      routes: [{ hostname: APP, upstream: upstream.upstream, attestation: 'session' }],
      platform: { limits: { quote_timeout: '1s', quotes_per_address: 3 } },
    }),
  );
  await untilReady(proxy);
});
afterAll(async () => {
  await machine.close();
  await upstream.close();
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

async function connect(): Promise<EvidenceConnection> {
  const connection = await connectForEvidence(proxy.address.port, APP);
  open.push(connection);
  return connection;
}

async function answerOf(
  connection: EvidenceConnection,
  question: object,
  path?: string,
): Promise<Record<string, unknown>> {
  const answer = await connection.ask(question, path === undefined ? {} : { path });
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  return JSON.parse(answer.body) as Record<string, unknown>;
}

function reportDataOf(answer: Record<string, unknown>): string {
  const quote = parseQuote(fromBase64Url(String(answer['quote'])));
  return quote.kind === 'tdx' ? toHex(quote.body.reportData) : 'no TDX quote';
}

describe.each(PATHS)('%s', (path) => {
  it('answers with the evidence of the key', async () => {
    const connection = await connect();
    const { context: _context, ...question } = connection.question('deterministic');
    const { body } = await connection.ask('', { method: 'GET', path });
    const document = parseAttestationDocument(JSON.parse(body));
    const before = machine.quotes();
    expect(await answerOf(connection, question, path)).toEqual({
      v: 2,
      mode: 'deterministic',
      tee: 'tdx',
      quote: toBase64Url(document.quote),
      gpu_evidence: null,
      quote_time: document.quoteTime,
      client_evidence: 'none',
      client_context: null,
    });
    expect(machine.quotes()).toBe(before);
  });

  it('answers with evidence for this session alone', async () => {
    const connection = await connect();
    const { context, spki } = connection;
    const answer = await answerOf(connection, connection.question('challenge'), path);
    const exported = connection.exported(SESSION_EXPORTER_LABEL, context);
    expect(reportDataOf(answer)).toBe(toHex(sessionReportData(spki, context, exported)));
    expect(answer).toEqual({
      v: 2,
      mode: 'challenge',
      tee: 'tdx',
      quote: answer['quote'],
      gpu_evidence: null,
      quote_time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$/) as string,
      client_evidence: 'none',
      client_context: null,
    });
  });

  it('answers many sessions with one quote', async () => {
    const connections = await Promise.all([connect(), connect(), connect()]);
    const before = machine.quotes();
    const answers = await Promise.all(
      connections.map((connection) => answerOf(connection, connection.question('batch'), path)),
    );
    expect(machine.quotes() - before).toBeLessThan(3);
    for (const [at, answer] of answers.entries()) {
      const { spki, context, exported } = connections[at]!;
      const secret = exported(SESSION_EXPORTER_LABEL, context);
      const { index, size, time } = answer as { index: number; size: number; time: number };
      const sibling = (answer['path'] as string[]).map(fromBase64Url);
      const leaf = sessionLeaf('server', spki, context, secret);
      const root = replayBatchPath(leaf, { index, size, path: sibling });
      expect(reportDataOf(answer)).toBe(toHex(batchReportData(root, size, new Date(time))));
      expect(Math.abs(Date.now() - time)).toBeLessThan(10_000);
      expect(Object.keys(answer)).toEqual(
        'v mode tee quote gpu_evidence index size time path client_evidence client_context'.split(
          ' ',
        ),
      );
    }
  });
});

describe('a question', () => {
  const LARGE = JSON.stringify({ v: 2, mode: 'batch', leaf: 'A'.repeat(65_536) });
  it.each<[string, number, string, (sound: object) => object | string, AskOptions?]>([
    ['that is no JSON', 400, 'REQUEST', () => 'hello'],
    ['with a member that is not defined', 400, 'REQUEST', (sound) => ({ ...sound, more: 1 })],
    ['with a member twice', 400, 'REQUEST', (sound) => doubled(sound)],
    ['in another mode', 400, 'REQUEST', (sound) => ({ ...sound, mode: 'raw' })],
    ['without a context', 400, 'REQUEST', (sound) => ({ ...sound, context: undefined })],
    [
      'about another key',
      404,
      'LEAF',
      (sound) => ({ ...sound, leaf: toBase64Url(new Uint8Array(32)) }),
    ],
    ['in another method', 405, '', (sound) => sound, { method: 'PUT' }],
    ['that is too large', 413, '', () => LARGE],
    ['of no type', 415, 'MEDIA_TYPE', (sound) => sound, { headers: { 'content-type': '' } }],
    [
      'of a type that pages may send',
      415,
      'MEDIA_TYPE',
      (sound) => sound,
      { headers: { 'content-type': 'text/plain' } },
    ],
    [
      'of two types',
      415,
      'MEDIA_TYPE',
      (sound) => sound,
      { headers: { 'content-type': ['application/json', 'application/json'] } },
    ],
    [
      'of a client that was asked for nothing',
      403,
      'CLIENT',
      () => ({
        v: 2,
        mode: 'present',
        context: toBase64Url(new Uint8Array(32)),
        tee: 'tdx',
        quote: 'AQID',
        gpu_evidence: null,
        quote_time: '2026-06-01T12:00Z',
      }),
    ],
  ])('%s is refused with %i', async (_what, status, code, change, options) => {
    const connection = await connect();
    const before = machine.quotes();
    const answer = await connection.ask(change(connection.question('batch')), options);
    expect(answer.status).toBe(status);
    if (code !== '') {
      expect(JSON.parse(answer.body)).toMatchObject({ code: `ERR_PROXY_EVIDENCE_${code}` });
    }
    expect(machine.quotes()).toBe(before);
  });

  it('may say that it is in UTF-8', async () => {
    const connection = await connect();
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const { status } = await connection.ask(connection.question('batch'), { headers });
    expect(status).toBe(200);
  });
});

describe('a platform', () => {
  it('that fails is told of, and hosts are served on', async () => {
    machine.failQuotes(true);
    const connection = await connect();
    for (const mode of ['batch', 'challenge']) {
      const answer = await connection.ask(connection.question(mode));
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_EVIDENCE_QUOTE' });
    }
    expect((await connection.ask('', { method: 'GET', path: '/' })).body).toBe('app');
    expect((await (await connect()).ask('', { method: 'GET', path: '/' })).body).toBe('app');
    machine.failQuotes(false);
    await answerOf(connection, connection.question('batch'));
  });

  it('that hangs is told of in time, and hosts are served on', async () => {
    const release = machine.holdQuotes();
    try {
      const connection = await connect();
      const answer = await connection.ask(connection.question('batch'));
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_EVIDENCE_QUOTE' });
      expect((await connection.ask('', { method: 'GET', path: '/' })).body).toBe('app');
      expect((await (await connect()).ask('', { method: 'GET', path: '/' })).body).toBe('app');
    } finally {
      release();
    }
    const connection = await connect();
    await answerOf(connection, connection.question('batch'));
  });

  it('that is slow lets one address wait no more often than it may', async () => {
    const release = machine.holdQuotes();
    const connections = await Promise.all([connect(), connect(), connect(), connect()]);
    const answers = connections.map((connection) => connection.ask(connection.question('batch')));
    const busy = await Promise.race(answers);
    expect(busy).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(busy.body)).toMatchObject({ code: 'ERR_PROXY_EVIDENCE_BUSY' });
    release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 200, 503]);
  });
});

function doubled(sound: object): string {
  return JSON.stringify(sound).replace('}', ',"v":2}');
}
