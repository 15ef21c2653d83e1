// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { createLogger } from '@proofgate/daemon';
import {
  batchReportData,
  replayBatchPath,
  sessionLeaf,
  sessionReportData,
  toHex,
  type ReportData,
} from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import type { EvidenceAnswer, QuoteMode } from '../src/ipc/evidence-messages.ts';
import type { EvidenceSource } from '../src/quoting/pending-session.ts';
import { MAX_LEAVES, SessionQuoter, type QuoteLimits } from '../src/quoting/session-quoter.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { testSpki } from './test-identity.ts';

const LIMITS: QuoteLimits = {
  waitMs: 20,
  timeoutMs: 1_000,
  batched: 4_000,
  challenges: 8,
  perAddress: 3_000,
  perHost: 3_000,
};

const IDENTITIES = ['a', 'b'].map((id) => ({
  id,
  spki: testSpki(),
  notAfter: new Date(8.64e15),
  hostname: `${id}.example.com`,
}));
const [A] = IDENTITIES;

/** A quote that a test finishes when it likes. */
interface OpenQuote {
  readonly reportData: string;
  readonly finish: () => Promise<void>;
  readonly fail: () => Promise<void>;
}

/** A quoter over a platform that the test plays, and workers that keep what they are answered. */
function setup(limits: Partial<QuoteLimits> = {}, sources = 2) {
  const clock = new FakeClock(new Date(1_760_000_000_000));
  const open: OpenQuote[] = [];
  let made = 0;
  const quoter = new SessionQuoter({
    limits: { ...LIMITS, ...limits },
    sources,
    clock,
    logger: createLogger({ name: 'test', level: 'silent' }),
    identities: { find: (id) => IDENTITIES.find((identity) => identity.id === id) },
    quote: (reportData: ReportData) => {
      made += 1;
      return new Promise((resolve, reject) => {
        const end = async (action: () => void): Promise<void> => {
          open.shift();
          action();
          await settle();
        };
        const bytes = Uint8Array.from(reportData);
        open.push({
          reportData: toHex(reportData),
          finish: () => end(() => resolve(bytes)),
          fail: () => end(() => reject(new Error('told to fail'))),
        });
      });
    },
  });
  /** A worker, and what it is answered. */
  const worker = () => {
    const answers: EvidenceAnswer[] = [];
    const source: EvidenceSource = { answer: (answer) => answers.push(answer) };
    let ticket = 0;
    const ask = (mode: QuoteMode = 'batch', address = '192.0.2.1', identity = 'a') => {
      ticket += 1;
      const secret = (): Uint8Array => Uint8Array.from(randomBytes(32));
      const session = { ticket, mode, identity, address, context: secret(), exported: secret() };
      quoter.request(source, { kind: 'evidence-request', ...session });
      return session;
    };
    return { source, answers, ask };
  };
  return { clock, open, quoter, worker, made: () => made };
}

type Session = ReturnType<ReturnType<ReturnType<typeof setup>['worker']>['ask']>;

/** Report data that follows from an answer, for one of the sessions that it answers. */
function covered(answer: EvidenceAnswer | undefined, { ticket, context, exported }: Session) {
  if (answer?.kind === 'evidence-challenge' && answer.ticket === ticket) {
    return toHex(sessionReportData(A!.spki, context, exported));
  }
  if (answer?.kind !== 'evidence-batch') return 'no evidence';
  const place = answer.places.find((one) => one.ticket === ticket);
  if (place === undefined) return 'no place';
  const leaf = sessionLeaf('server', A!.spki, context, exported);
  const root = replayBatchPath(leaf, { ...place, size: answer.size });
  return toHex(batchReportData(root, answer.size, new Date(answer.time)));
}

const codes = (answers: readonly EvidenceAnswer[]): string[] =>
  answers.map((answer) => (answer.kind === 'evidence-refusal' ? answer.code : answer.kind));

describe('questions that come too fast', () => {
  it('are refused by address and by host, and those of others are not', () => {
    const { worker } = setup({ rates: { perAddress: 1, perHost: 2, exempt: [] } });
    const { ask, answers } = worker();
    for (let n = 0; n < 6; n += 1) ask('batch', '2001:db8::1');
    expect(codes(answers)).toEqual(['ERR_PROXY_EVIDENCE_RATE']);
    ask('batch', '2001:db8::2');
    expect(codes(answers)).toHaveLength(2);
    for (let n = 0; n < 6; n += 1) ask('batch', `192.0.2.${String(n)}`);
    expect(codes(answers)).toHaveLength(3);
    ask('batch', '192.0.2.9', 'b');
    expect(codes(answers)).toHaveLength(3);
  });
});

describe('a batch', () => {
  it('waits for company for a bounded time, and covers sessions of all workers', async () => {
    const { clock, open, worker } = setup();
    const [one, two] = [worker(), worker()];
    const sessions = [one.ask(), one.ask(), two.ask()] as const;
    expect(open).toHaveLength(0);
    await clock.advance(20);
    expect(open).toHaveLength(1);
    const { reportData } = open[0]!;
    await open[0]!.finish();
    expect(one.answers).toHaveLength(1);
    expect(two.answers).toHaveLength(1);
    expect(covered(one.answers[0], sessions[0])).toBe(reportData);
    expect(covered(one.answers[0], sessions[1])).toBe(reportData);
    expect(covered(two.answers[0], sessions[2])).toBe(reportData);
  });

  it('may have a single session', async () => {
    const { clock, open, worker } = setup();
    const { ask, answers } = worker();
    const session = ask();
    await clock.advance(20);
    const { reportData } = open[0]!;
    await open[0]!.finish();
    expect(answers[0]).toMatchObject({ size: 1, places: [{ index: 0, path: [] }] });
    expect(covered(answers[0], session)).toBe(reportData);
  });

  it('is filled while the one before it is made, and goes as soon as that is done', async () => {
    const { clock, open, worker, made } = setup();
    const { ask, answers } = worker();
    ask();
    await clock.advance(20);
    ask();
    ask();
    await clock.advance(100);
    expect(made()).toBe(1);
    await open[0]!.finish();
    expect(made()).toBe(2);
    await open[0]!.finish();
    expect(answers.map((answer) => (answer.kind === 'evidence-batch' ? answer.size : 0))).toEqual([
      1, 2,
    ]);
  });

  it('has a bound, and takes from workers by turns', async () => {
    const { open, worker, clock } = setup({ batched: 8_000 });
    const [greedy, other] = [worker(), worker()];
    for (let n = 0; n < MAX_LEAVES + 10; n += 1) greedy.ask();
    other.ask();
    expect(open).toHaveLength(1);
    await open[0]!.finish();
    expect(greedy.answers[0]).toMatchObject({ size: MAX_LEAVES });
    await clock.advance(20);
    await open[0]!.finish();
    expect(other.answers[0]).toMatchObject({ size: 11, places: [{ index: 1 }] });
  });
});

describe('a session of its own', () => {
  it('gets a quote over it alone', async () => {
    const { open, worker } = setup();
    const { ask, answers } = worker();
    const session = ask('challenge');
    const { reportData } = open[0]!;
    await open[0]!.finish();
    expect(covered(answers[0], session)).toBe(reportData);
  });

  it('takes turns with batches, however many there are', async () => {
    const { open, worker, clock } = setup();
    const [many, few] = [worker(), worker()];
    for (let n = 0; n < 4; n += 1) many.ask('challenge');
    for (let n = 0; n < 3; n += 1) {
      few.ask();
      await clock.advance(20);
      await open[0]!.finish();
      await open[0]!.finish();
    }
    expect(codes(few.answers)).toEqual(Array(3).fill('evidence-batch'));
    expect(codes(many.answers)).toEqual(Array(3).fill('evidence-challenge'));
  });
});

describe('places', () => {
  it.each<[string, Partial<QuoteLimits>, QuoteMode]>([
    ['of a worker are its share', { batched: 4 }, 'batch'],
    ['of a worker for quotes of their own are its share', { challenges: 4 }, 'challenge'],
    ['of an address are bounded', { perAddress: 2 }, 'batch'],
    ['of a host are bounded', { perHost: 2 }, 'challenge'],
  ])('%s', async (_what, limits, mode) => {
    const { worker, clock, open } = setup(limits);
    const [one, two] = [worker(), worker()];
    for (let n = 0; n < 3; n += 1) one.ask(mode);
    expect(codes(one.answers)).toEqual(['ERR_PROXY_EVIDENCE_BUSY']);
    two.ask(mode, '192.0.2.2', 'b');
    expect(two.answers).toEqual([]);
    await clock.advance(20);
    await open[0]!.finish();
    one.ask(mode);
    expect(codes(one.answers).filter((code) => code.startsWith('ERR'))).toHaveLength(1);
  });

  it('are free at once when the client goes, and when the worker does', async () => {
    const { quoter, worker, clock, made } = setup({ perAddress: 2 });
    const { ask, answers, source } = worker();
    const first = ask();
    ask();
    quoter.cancel(source, first.ticket);
    ask();
    expect(answers).toEqual([]);
    quoter.forget(source);
    await clock.advance(1_000);
    expect(made()).toBe(0);
    ask();
    ask();
    expect(answers).toEqual([]);
  });

  it('of a session whose quote is being made are free with the quote', async () => {
    const { quoter, worker, clock, open } = setup({ perAddress: 1 });
    const { ask, answers, source } = worker();
    const { ticket } = ask();
    await clock.advance(20);
    quoter.cancel(source, ticket);
    ask();
    expect(codes(answers)).toEqual(['ERR_PROXY_EVIDENCE_BUSY']);
    await open[0]!.finish();
    ask();
    expect(codes(answers)).not.toContain('ERR_PROXY_EVIDENCE_QUOTE');
  });
});

describe('a platform', () => {
  it('that fails costs the sessions of one quote', async () => {
    const { clock, open, worker } = setup();
    const [one, two] = [worker(), worker()];
    one.ask();
    two.ask();
    await clock.advance(20);
    one.ask();
    await open[0]!.fail();
    expect(codes(one.answers)).toEqual(['ERR_PROXY_EVIDENCE_QUOTE']);
    expect(codes(two.answers)).toEqual(['ERR_PROXY_EVIDENCE_QUOTE']);
    await clock.advance(20);
    await open[0]!.finish();
    expect(codes(one.answers)).toEqual(['ERR_PROXY_EVIDENCE_QUOTE', 'evidence-batch']);
  });

  it('that hangs does so for a bounded time', async () => {
    const { clock, worker, made } = setup();
    const { ask, answers } = worker();
    ask();
    await clock.advance(20);
    ask();
    await clock.advance(1_000);
    expect(codes(answers)).toEqual(['ERR_PROXY_EVIDENCE_QUOTE']);
    expect(made()).toBe(2);
  });
});

describe('a request', () => {
  it('for an identity that is not known is refused', () => {
    const { worker } = setup();
    const { ask, answers } = worker();
    ask('batch', '192.0.2.1', 'c');
    expect(codes(answers)).toEqual(['ERR_PROXY_EVIDENCE_LEAF']);
  });

  it('with the number of another shows that the worker is unsound', () => {
    const { quoter, worker } = setup();
    const { ask, source } = worker();
    const session = ask();
    const again = (): void => quoter.request(source, { kind: 'evidence-request', ...session });
    expect(again).toThrow(expect.objectContaining({ code: 'ERR_PROXY_IPC_MESSAGE' }) as Error);
  });
});
