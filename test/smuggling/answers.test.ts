// SPDX-License-Identifier: Apache-2.0
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_CASES, STOLEN, type AnswerCase, type Delivery } from './cases/hostile-answers.ts';
import { startFront, type Front } from './support/front.ts';
import { startHostileUpstream, type HostileUpstream } from './support/hostile-upstream.ts';
import { ANSWER_TO, answerTo } from './support/recorder.ts';
import { WireClient, type WireAnswer } from './support/wire-client.ts';
import { SMUGGLED, request } from './wire-case.ts';

let upstream: HostileUpstream;
let front: Front;
let paths = 0;

beforeAll(async () => {
  upstream = await startHostileUpstream();
  front = await startFront(upstream.port);
});
afterAll(async () => {
  await front.close();
  await upstream.close();
});
afterEach(() => {
  upstream.greeting = undefined;
});

const freshTarget = (name: string): string => `/${name}-${String((paths += 1))}`;

/** Sends one request on a connection of its own, which must be answered as itself. */
async function expectServed(): Promise<void> {
  const target = freshTarget('served');
  const client = await WireClient.open(front.port);
  await client.send(request(`GET ${target} HTTP/1.1`));
  expectRight(await client.next('GET'), target);
  client.destroy();
}

function expectRight(answer: WireAnswer | undefined, target: string): void {
  expect(answer).toMatchObject({
    status: 200,
    fields: { [ANSWER_TO]: answerTo('GET', target) },
    body: 'right',
  });
}

/** What a client got, in the terms of a case. */
async function delivery(client: WireClient, method: string): Promise<Delivery> {
  let answer: WireAnswer | undefined;
  try {
    answer = await client.next(method);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('ended inside')) return 'cut';
    throw error;
  }
  if (answer === undefined) return 'cut';
  expect(JSON.stringify(answer)).not.toContain('stolen');
  const { status, body } = answer;
  return status === 502 ? 'refused' : { status, body };
}

/** The request with the hostile answer, and one more behind it on the same connection. */
async function tryCase({ method, answer, may }: AnswerCase, pipelined: boolean): Promise<void> {
  const hostile = freshTarget('hostile');
  const next = freshTarget('next');
  upstream.answer(hostile, answer);
  const client = await WireClient.open(front.port);
  const second = request(`GET ${next} HTTP/1.1`);
  try {
    await client.send(request(`${method} ${hostile} HTTP/1.1`) + (pipelined ? second : ''));
    const got = await delivery(client, method);
    expect(may).toContainEqual(got);
    // Others who are served at the same time, and directly afterwards.
    await Promise.all([expectServed(), expectServed()]);
    await expectServed();
    if (got === 'cut') return;
    if (!pipelined) await client.send(second);
    const after = await client.next('GET').catch(() => undefined);
    if (after !== undefined) expectRight(after, next);
  } finally {
    client.destroy();
  }
}

const named = ANSWER_CASES.map((wire) => [wire.name, wire] as const);

describe('an upstream that answers with', () => {
  it.each(named)('%s', (_, wire) => tryCase(wire, false));
  it.each(named)('%s, with another request behind it', (_, wire) => tryCase(wire, true));
});

describe('an upstream that sends unasked, between two requests,', () => {
  it.each([
    ['an answer', STOLEN],
    ['half an answer', STOLEN.slice(0, 30)],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['the end of a line', '\r\n'],
    ['one byte', 'H'],
  ])('%s, loses the connection', async (_, bytes) => {
    await Promise.all([expectServed(), expectServed(), expectServed()]);
    await upstream.sendUnasked(bytes);
    await Promise.all([expectServed(), expectServed(), expectServed()]);
  });
});

describe('an upstream that speaks first', () => {
  // Not with a whole answer: once the request is on its way, nothing tells that from an early one (RFC 9112 section 9.2).
  it.each([
    ['half an answer', STOLEN.slice(0, 30)],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('with %s', async (_, greeting) => {
    upstream.greeting = greeting;
    // More at a time than there are connections from before, so that some get a new one.
    const clients = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = await WireClient.open(front.port);
        const target = freshTarget('greeted');
        await client.send(request(`GET ${target} HTTP/1.1`));
        return { client, target };
      }),
    );
    for (const { client, target } of clients) {
      const answer = await client.next('GET').catch(() => undefined);
      if (answer?.fields[ANSWER_TO] !== undefined) expectRight(answer, target);
      else if (answer !== undefined) expect(answer.status).toBe(502);
      client.destroy();
    }
    upstream.greeting = undefined;
    await expectServed();
    await expectServed();
  });
});

describe('an upstream that answers before it has read the content', () => {
  it('gets no other request on that connection', async () => {
    const early = freshTarget('early');
    upstream.answer(early, { now: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly' });
    const client = await WireClient.open(front.port);
    const fields = [`Content-Length: ${String(SMUGGLED.length * 2)}`];
    await client.send(request(`POST ${early} HTTP/1.1`, fields, SMUGGLED));
    expect(await client.next('POST')).toMatchObject({ status: 200, body: 'early' });
    await expectServed();
    const next = freshTarget('next');
    await client.send(SMUGGLED + request(`GET ${next} HTTP/1.1`)).catch(() => undefined);
    const answer = await client.next('GET').catch(() => undefined);
    if (answer !== undefined) expectRight(answer, next);
    client.destroy();
    await expectServed();
    const [connection = ''] = upstream.received.filter((bytes) => bytes.includes(` ${early} `));
    const rest = connection.slice(connection.indexOf(` ${early} `));
    expect(rest.replaceAll(SMUGGLED, '')).not.toMatch(/GET \/(?:served|next)/);
  });
});
