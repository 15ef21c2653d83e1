// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import {
  request,
  type Outcome,
  type Refusal,
  type SeenRequest,
  type WireCase,
} from '../wire-case.ts';
import { ANSWER_TO, answerTo, type Recorder, type RecordedRequest } from './recorder.ts';
import { WireClient, type Cut, type WireAnswer } from './wire-client.ts';

/** Where a case is tried. */
export interface Setting {
  /** Of the proxy. */
  readonly port: number;
  /** Which parser the upstream has. */
  readonly parser: 'node' | 'nginx';
  /** The upstream, or what is behind it. */
  readonly recorder: Recorder;
}

/** What a server says of a request that it has got in part. */
const BROKEN_OFF = ['HPE_INVALID_EOF_STATE', 'ECONNRESET'];

let runs = 0;

/**
 * Sends a case and demands its outcome: the answers that the client gets, and the requests that the upstream has seen,
 * their number, boundaries and content, with a request behind them on the same connections.
 */
export async function checkCase(
  wire: WireCase,
  setting: Setting,
  cut: Cut = 'whole',
): Promise<void> {
  runs += 1;
  await new CaseRun(wire.outcome, setting, `~${String(runs)}`).run(wire.bytes, cut);
}

class CaseRun {
  private readonly outcome: Outcome;
  private readonly setting: Setting;
  /** In every path of this run, so that what still arrives of an earlier one is not taken for a part of it. */
  private readonly tag: string;
  /** What has been answered, in order, the requests of this run beside those of the case. */
  private answered = 0;
  /** The rest of the case was refused or cut off, so that the upstream need not have seen it. */
  private ended = false;

  constructor(outcome: Outcome, setting: Setting, tag: string) {
    this.outcome = outcome;
    this.setting = setting;
    this.tag = tag;
  }

  async run(bytes: string, cut: Cut): Promise<void> {
    this.setting.recorder.clear();
    const client = await WireClient.open(this.setting.port);
    try {
      await Promise.all([client.send(this.tagged(bytes), cut), this.checkAnswers(client)]);
    } finally {
      client.destroy();
    }
    // On the upstream connection that the case has used, if it has been kept.
    const probe = await WireClient.open(this.setting.port);
    await probe.send(this.tagged(request('GET /probe HTTP/1.1')));
    this.expectAnswer(await probe.next('GET'), PROBE);
    probe.destroy();
    this.checkSeen();
  }

  private async checkAnswers(client: WireClient): Promise<void> {
    const { seen, then, orRefused } = this.outcome;
    if (typeof then === 'object') {
      await this.checkRefusal(client, then);
      return;
    }
    for (const expected of seen) {
      const answer = await client.next(expected.method);
      if (orRefused !== undefined && answer?.fields[ANSWER_TO] === undefined) {
        await this.expectRefusal(client, answer, orRefused);
        return;
      }
      this.expectAnswer(answer, expected);
    }
    if (then === 'unfinished') {
      client.end();
      const answer = await client.next('GET');
      if (answer !== undefined) expect(answer.status).toBeGreaterThanOrEqual(400);
    } else if (then === 'closed') {
      expect(await client.next('GET')).toBeUndefined();
    } else if (!this.hasRefusingUpstream()) {
      await this.checkAfter(client, then);
    }
  }

  /** One more request on the connection of the client. */
  private async checkAfter(client: WireClient, then: 'open' | 'either'): Promise<void> {
    await client.send(this.tagged(request('GET /after HTTP/1.1')));
    const answer = await client.next('GET');
    if (then === 'open' || answer?.status === 200) this.expectAnswer(answer, AFTER);
  }

  /**
   * The requests before the refused one may have been answered, and each answer is the right one. Where they have not,
   * the connection may end without the refusal, which could be taken for the answer to one of them.
   */
  private async checkRefusal(client: WireClient, refusal: Refusal): Promise<void> {
    for (const expected of this.outcome.seen) {
      const answer = await client.next(expected.method).catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.startsWith('ended inside')) throw error;
        return undefined;
      });
      if (answer?.fields[ANSWER_TO] === undefined) {
        this.ended = true;
        if (answer !== undefined) await this.expectRefusal(client, answer, refusal);
        return;
      }
      this.expectAnswer(answer, expected);
    }
    const answer = await client.next('GET');
    if (answer === undefined && this.outcome.seen.length > 0) return;
    await this.expectRefusal(client, answer, refusal);
  }

  private async expectRefusal(
    client: WireClient,
    answer: WireAnswer | undefined,
    { status, codes }: Refusal,
  ): Promise<void> {
    this.ended = true;
    expect(answer?.status).toBe(status);
    const { code } = JSON.parse(answer?.body ?? '') as { code: unknown };
    expect(codes).toContain(code);
    expect(answer?.fields['connection']).toBe('close');
    expect(await client.next('GET')).toBeUndefined();
  }

  private expectAnswer(answer: WireAnswer | undefined, expected: SeenRequest): void {
    this.answered += 1;
    const { method, target } = expected;
    const status = this.refusedBy(expected);
    if (status !== undefined) {
      expect(answer?.status).toBe(status);
      return;
    }
    expect(answer, `the answer to ${method} ${target}`).toMatchObject({
      status: 200,
      fields: { [ANSWER_TO]: answerTo(method, this.tagged(target)) },
    });
  }

  private checkSeen(): void {
    const { recorder, parser } = this.setting;
    const complete = recorder.complete.filter(({ target }) => this.isMine(target));
    const heads = recorder.heads.filter((head) => this.isMine(head));
    const passed = this.outcome.seen.filter((request) => this.refusedBy(request) === undefined);
    const after = this.answered > this.outcome.seen.length + 1 ? [AFTER] : [];
    const expected = [...passed, ...after, PROBE].map((request) => this.outline(request));
    const arrived = complete.map(({ method, target, body }) => ({ method, target, body }));
    // Requests without content may be sent on together, over several connections.
    const missing = expected.filter((one) => !arrived.some((other) => isSame(one, other)));
    const unexpected = arrived.filter((one) => !expected.some((other) => isSame(one, other)));
    expect(unexpected, 'requests that the proxy did not mean').toEqual([]);
    expect(arrived.length, 'requests, none of them twice').toBe(expected.length - missing.length);
    if (!this.ended) expect(missing, 'requests that did not arrive').toEqual([]);
    for (const wanted of passed) {
      const target = this.tagged(wanted.target);
      const [found] = complete.filter((one) => one.target === target);
      if (found !== undefined) expectSame(found, wanted, parser);
    }
    const mayBegin = this.ended || this.outcome.partly === true;
    const most = mayBegin ? this.outcome.seen.length + 1 : 0;
    expect(heads.length - complete.length, heads.join(', ')).toBeLessThanOrEqual(most);
    expect(recorder.heads.filter((head) => head.includes('smuggled'))).toEqual([]);
    expect(recorder.unreadable.filter((code) => !BROKEN_OFF.includes(code))).toEqual([]);
  }

  private hasRefusingUpstream(): boolean {
    return this.outcome.seen.some((request) => this.refusedBy(request) !== undefined);
  }

  private refusedBy({ refusedBy }: SeenRequest): number | undefined {
    return refusedBy?.[this.setting.parser];
  }

  private outline({ method, target, body }: SeenRequest): Outline {
    return { method, target: this.tagged(target), body };
  }

  private tagged(bytes: string): string {
    return bytes.replace(TAGGED_PATHS, `$&${this.tag}`);
  }

  private isMine(text: string): boolean {
    // What has no path has no tag.
    return (/~\d+/.exec(text)?.[0] ?? this.tag) === this.tag;
  }
}

const AFTER: SeenRequest = { method: 'GET', target: '/after', body: '' };
const PROBE: SeenRequest = { method: 'GET', target: '/probe', body: '' };
const TAGGED_PATHS = /\/(?:case|second|after|probe|caf\xc3\xa9)(?![\w-])/g;

interface Outline {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

function isSame(one: Outline, other: Outline): boolean {
  return one.method === other.method && one.target === other.target && one.body === other.body;
}

function expectSame(
  arrived: RecordedRequest,
  { fields = {}, trailers = {} }: SeenRequest,
  parser: Setting['parser'],
): void {
  for (const [name, value] of Object.entries(fields)) {
    expect(arrived.fields[name], `the field ${name}`).toBe(value);
  }
  // nginx reads trailers and drops them.
  expect(arrived.trailers).toEqual(parser === 'nginx' ? {} : trailers);
}
