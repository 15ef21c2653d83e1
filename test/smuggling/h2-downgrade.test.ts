// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWorker, type TestWorker } from '../../proxy/test/test-worker.ts';
import { GET, NEWER_NGHTTP2 } from '../h2/conformance-case.ts';
import { headers } from '../h2/frames.ts';
import { block, type Field } from '../h2/hpack.ts';
import { RawConnection, type RawAnswer } from '../h2/raw-connection.ts';
import { describeWithProgram } from '../system/support/external-programs.ts';
import { DOWNGRADE_CASES, type DowngradeCase } from './cases/h2-downgrade.ts';
import { startNginx, type Nginx } from './support/nginx.ts';
import { ANSWER_TO, answerTo, startRecorder, type Recorder } from './support/recorder.ts';
import { HOST } from './wire-case.ts';

const named = DOWNGRADE_CASES.map((wire) => [wire.name, wire] as const);
let after = 0;

it('has enough cases, each with a name of its own', () => {
  expect(new Set(DOWNGRADE_CASES.map(({ name }) => name)).size).toBe(DOWNGRADE_CASES.length);
  expect(DOWNGRADE_CASES.length).toBeGreaterThanOrEqual(60);
});

function start(port: number): Promise<TestWorker> {
  return startWorker([{ hostname: HOST, upstream: `http://127.0.0.1:${String(port)}` }]);
}

async function check(wire: DowngradeCase, worker: TestWorker, recorder: Recorder): Promise<void> {
  let raw = await RawConnection.open(worker.port, HOST);
  try {
    raw.send(...wire.frames);
    const answer = wire.frames.length === 3 && isBrokenOff(wire) ? undefined : await raw.answer(1);
    const reset = answer === undefined ? 'PROTOCOL_ERROR' : await resetOf(raw, answer);
    judge(wire, answer, reset, recorder);
    if (answer !== undefined && reset !== answer.reset) {
      raw.close();
      raw = await RawConnection.open(worker.port, HOST);
    }
    // The upstream connection is still in step: the next requests get their own answers.
    const served = [await expectServed(raw, 101), await expectServed(raw, 103)];
    expect(recorder.heads.join()).not.toContain('smuggled');
    expect(recorder.complete.slice(-2).map(({ target }) => target)).toEqual(served);
    expect(recorder.unreadable.filter(isMisread)).toEqual([]);
  } finally {
    raw.close();
  }
}

/** Nothing answers a stream that its client has reset. */
function isBrokenOff({ name }: DowngradeCase): boolean {
  return name.includes('and a reset');
}

/** Content that ends with its connection is one that we have broken off. */
function isMisread(code: string): boolean {
  return code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
}

/** With what the stream was reset, or with it the whole connection. */
async function resetOf(raw: RawConnection, answer: RawAnswer): Promise<string | undefined> {
  const ended = answer.status === undefined && answer.reset === undefined;
  return ended && NEWER_NGHTTP2 ? raw.connectionError() : answer.reset;
}

function judge(
  { outcome }: DowngradeCase,
  answer: RawAnswer | undefined,
  reset: string | undefined,
  recorder: Recorder,
): void {
  switch (outcome.kind) {
    case 'reset':
      expect(reset).toBe('PROTOCOL_ERROR');
      if (outcome.announced !== true) expect(recorder.complete).toEqual([]);
      break;
    case 'refused':
      expect(answer?.status).toBe(outcome.status);
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: outcome.code });
      expect(recorder.heads).toEqual([]);
      break;
    case 'seen':
      expect(answer?.status).toBe(200);
      expect(recorder.complete).toHaveLength(1);
      expect(recorder.complete[0]).toMatchObject({ target: outcome.target, body: outcome.body });
      for (const [name, value] of Object.entries(outcome.fields)) {
        expect(recorder.complete[0]?.fields[name]).toBe(value);
      }
  }
}

async function expectServed(raw: RawConnection, stream: number): Promise<string> {
  const target = `/after-${String((after += 1))}`;
  const fields = GET.map((field): Field => (field[0] === ':path' ? [':path', target] : field));
  raw.send(headers(stream, block(...fields)));
  const answer = await raw.answer(stream);
  expect(answer.fields).toContainEqual([ANSWER_TO, answerTo('GET', target)]);
  return target;
}

describe('HTTP/2 in front of node:http', () => {
  let recorder: Recorder;
  let worker: TestWorker;

  beforeAll(async () => {
    recorder = await startRecorder();
    worker = await start(recorder.port);
  });
  beforeEach(() => recorder.clear());
  afterAll(async () => {
    await worker.close();
    await recorder.close();
  });

  it.each(named)('%s', (_, wire) => check(wire, worker, recorder));
});

describeWithProgram('nginx', 'HTTP/2 in front of nginx', () => {
  let recorder: Recorder;
  let nginx: Nginx;
  let worker: TestWorker;

  beforeAll(async () => {
    recorder = await startRecorder();
    nginx = await startNginx(recorder.port);
    worker = await start(nginx.port);
  });
  beforeEach(() => recorder.clear());
  afterAll(async () => {
    await worker.close();
    await nginx.close();
    await recorder.close();
  });

  it.each(named)('%s', (_, wire) => check(wire, worker, recorder));
});
