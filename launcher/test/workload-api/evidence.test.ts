// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import {
  checkWorkloadEvidence,
  deterministicReportData,
  parseQuote,
  parseWorkloadEvidence,
  toBase64,
  toHex,
  utf8,
  workloadReportData,
  type RuntimeEvent,
  type WorkloadEvidence,
} from '@proofgate/evidence';
import { prepareCollateral, verifyQuote, type TdxClaims } from '@proofgate/verifier';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, test } from 'vitest';
import {
  EVIDENCE_BURST,
  MAX_EVIDENCE_PER_WORKLOAD,
  MAX_EVIDENCE_REQUESTS,
  EvidenceDesk,
} from '../../src/workload-api/evidence-desk.ts';
import { askSocket, container, quotesOf, runOf, socketStage, type SocketStage } from './stage.ts';

const NONCE = utf8('a nonce of 32 bytes from a peer.');

/** A workload that runs, and the path of its socket. */
async function served(stage: SocketStage): Promise<{ socket: string }> {
  const sockets = await stage.open();
  const measured = container();
  await stage.load(measured);
  const directory = await sockets.give(measured);
  await sockets.started(measured, runOf('web-1').instance);
  return { socket: join(directory, 'workload.sock') };
}

async function claimsOf(
  stage: SocketStage,
  { quote, collateral }: WorkloadEvidence,
): Promise<TdxClaims> {
  const at = new Date();
  const prepared = await prepareCollateral(collateral!, {
    at,
    root: { sha256: stage.platform.rootSha256 },
  });
  return (await verifyQuote(quote, prepared, { at })) as TdxClaims;
}

describe('evidence for a workload', () => {
  test('is proved to be about it and its data, by verification alone', async () => {
    const stage = await socketStage();
    const { socket } = await served(stage);
    const answer = await askSocket(socket, 'POST', '/v1/evidence', { data: toBase64(NONCE) });
    expect(answer.status).toBe(200);
    const evidence = parseWorkloadEvidence(answer.body);
    expect(evidence).toMatchObject({ tee: 'tdx', simulated: true, data: NONCE });

    const claims = await claimsOf(stage, evidence);
    const quote = { reportData: claims.reportData, rtmr3: claims.quote.body.rtmr[3] };
    const workload = checkWorkloadEvidence(
      quote,
      { ...evidence.workload, data: NONCE },
      evidence.eventLog,
    );
    expect(workload).toMatchObject({ name: 'web', imageDigest: 'c0'.repeat(32) });
    expect(() =>
      checkWorkloadEvidence(
        quote,
        { ...evidence.workload, data: utf8('another nonce') },
        evidence.eventLog,
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_WORKLOAD_EVIDENCE' }));
    expect(() =>
      checkWorkloadEvidence(
        quote,
        { ...evidence.workload, name: 'other', data: NONCE },
        evidence.eventLog,
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_WORKLOAD_EVIDENCE' }));
  });

  test('stands in for nothing else, whatever the workload asks for', async () => {
    const stage = await socketStage();
    const { socket } = await served(stage);
    // A key in the form in which certificates are bound to it, and report data made for it.
    const spki = Uint8Array.from(
      Buffer.from(
        '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
        'hex',
      ),
    );
    const wanted = deterministicReportData(spki, new Date());
    for (const data of [spki, wanted]) {
      const answer = await askSocket(socket, 'POST', '/v1/evidence', { data: toBase64(data) });
      const { quote } = parseWorkloadEvidence(answer.body);
      const parsed = parseQuote(quote);
      const seen = parsed.kind === 'tdx' ? parsed.body.reportData : new Uint8Array();
      expect(toHex(seen)).not.toBe(toHex(wanted));
      expect(toHex(seen)).toBe(
        toHex(workloadReportData({ name: 'web', imageDigest: 'c0'.repeat(32), data })),
      );
    }
  });

  test('comes with the log as it was when the quote was made', async () => {
    const stage = await socketStage();
    const first = container();
    await stage.load(first);
    const full: RuntimeEvent[] = [...stage.events];
    let looks = 0;
    const window = new EvidenceDesk({
      platform: { tee: 'tdx', simulated: true, quotes: quotesOf(stage.platform) },
      // The register is extended before the log shows it; later the log goes on.
      eventLog: () => {
        looks += 1;
        if (looks < 3) return [];
        return [...full, { type: 'proofgate.workload.unload', name: 'web' }];
      },
    }).window({ name: 'web', imageDigest: first.imageDigest });
    const evidence = await window.ask(NONCE, new AbortController().signal);
    expect(evidence.eventLog).toEqual(full);
    expect(looks).toBe(3);
  });

  test('is not given beside a log that explains nothing', async () => {
    const stage = await socketStage();
    await stage.load(container());
    const window = new EvidenceDesk({
      platform: { tee: 'tdx', simulated: true, quotes: quotesOf(stage.platform) },
      eventLog: () => [],
      logSettlesMs: 50,
    }).window({ name: 'web', imageDigest: 'c0'.repeat(32) });
    await expect(window.ask(NONCE, new AbortController().signal)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EVIDENCE_UNAVAILABLE',
    });
  });

  test.each([
    ['that makes no quotes', { tee: 'tdx', simulated: false } as const],
    ['without a register for workloads', { tee: 'sev-snp', simulated: false } as const],
  ])('is not to be had from a platform %s', async (_, platform) => {
    const stage = await socketStage();
    const sockets = await stage.open({ platform });
    const directory = await sockets.give(container());
    const socket = join(directory, 'workload.sock');
    const answer = await askSocket(socket, 'POST', '/v1/evidence', { data: 'AAAA' });
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'ERR_LAUNCHER_EVIDENCE_UNAVAILABLE' },
    });
    expect(await askSocket(socket, 'GET', '/v1/identity')).toMatchObject({ status: 200 });
  });
});

describe('the rate of evidence', () => {
  const signal = new AbortController().signal;

  /** A desk whose quotes are made when told. */
  function slowDesk(): { desk: EvidenceDesk; waiting: (() => void)[] } {
    const waiting: (() => void)[] = [];
    const desk = new EvidenceDesk({
      platform: {
        tee: 'tdx',
        simulated: true,
        quotes: {
          tee: 'tdx',
          simulated: true,
          quote: (_, limit) =>
            new Promise((_resolve, reject) => {
              const fail = (): void => {
                reject(new Error('told to fail'));
              };
              limit?.addEventListener('abort', fail);
              waiting.push(fail);
            }),
        },
      },
      eventLog: () => [],
    });
    return { desk, waiting };
  }
  const workload = (name: string) => ({ name, imageDigest: 'c0'.repeat(32) });

  test('is bounded for a workload, and says when to ask again', async () => {
    const stage = await socketStage();
    const { socket } = await served(stage);
    const ask = (): Promise<{ status: number }> =>
      askSocket(socket, 'POST', '/v1/evidence', { data: 'AAAA' });
    for (let index = 0; index < EVIDENCE_BURST; index += 1) {
      expect((await ask()).status).toBe(200);
    }
    expect(await ask()).toMatchObject({
      status: 429,
      headers: { 'retry-after': '2' },
      body: { code: 'ERR_LAUNCHER_EVIDENCE_BUSY' },
    });
  });

  test('comes back with time, and malformed requests cost nothing', async () => {
    const stage = await socketStage();
    await stage.load(container());
    const window = new EvidenceDesk({
      platform: { tee: 'tdx', simulated: true, quotes: quotesOf(stage.platform) },
      eventLog: () => stage.events,
      refillMs: 100,
    }).window(workload('web'));
    for (let index = 0; index < 2 * EVIDENCE_BURST; index += 1) {
      await expect(window.ask(new Uint8Array(), signal)).rejects.toMatchObject({
        code: 'ERR_REPORT_DATA_INPUT',
      });
    }
    const busy = await waitFor(
      () =>
        window.ask(NONCE, signal).then(
          () => false,
          (error: unknown) => error,
        ),
      { timeoutMs: 10_000, intervalMs: 1 },
    );
    expect(busy).toMatchObject({ code: 'ERR_LAUNCHER_EVIDENCE_BUSY' });
    await waitFor(
      () =>
        window.ask(NONCE, signal).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 5_000 },
    );
  });

  test('leaves the others their turn', async () => {
    const { desk, waiting } = slowDesk();
    const [greedy, modest] = [desk.window(workload('greedy')), desk.window(workload('modest'))];
    const asked = Array.from({ length: MAX_EVIDENCE_PER_WORKLOAD }, () =>
      greedy.ask(NONCE, signal).catch(() => 'failed'),
    );
    await expect(greedy.ask(NONCE, signal)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EVIDENCE_BUSY',
    });
    const turn = modest.ask(NONCE, signal).catch(() => 'failed');
    // One at a time, in order.
    for (let index = 0; index <= MAX_EVIDENCE_PER_WORKLOAD; index += 1) {
      await waitFor(() => waiting.length === index + 1, { timeoutMs: 2_000 });
      waiting[index]?.();
    }
    expect(await Promise.all([...asked, turn])).toEqual(
      Array.from({ length: MAX_EVIDENCE_PER_WORKLOAD + 1 }, () => 'failed'),
    );
  });

  test('is bounded for all of them together', async () => {
    const { desk, waiting } = slowDesk();
    const gone = Array.from({ length: MAX_EVIDENCE_REQUESTS }, () => new AbortController());
    const asked = gone.map((one, index) =>
      desk.window(workload(`w${String(index)}`)).ask(NONCE, one.signal),
    );
    const settled = Promise.allSettled(asked);
    await expect(desk.window(workload('late')).ask(NONCE, signal)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EVIDENCE_BUSY',
    });
    // Whoever leaves is out of the way at once, and what it waited for is not made.
    await waitFor(() => waiting.length === 1, { timeoutMs: 2_000 });
    for (const one of gone) one.abort(new Error('gone'));
    await settled;
    expect(waiting).toHaveLength(1);
    const next = desk
      .window(workload('late'))
      .ask(NONCE, signal)
      .catch(() => 'failed');
    await waitFor(() => waiting.length === 2, { timeoutMs: 2_000 });
    waiting[1]?.();
    expect(await next).toBe('failed');
  });
});
