// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerEach, startRawUpstream, type RawUpstream } from '../../proxy/test/raw-upstream.ts';
import { startWorker, type TestWorker } from '../../proxy/test/test-worker.ts';
import {
  get,
  HOST,
  NEWER_NGHTTP2,
  type ConformanceCase,
  type Outcome,
} from './conformance-case.ts';
import { CONNECTION_CASES } from './connection-cases.ts';
import { MESSAGE_CASES } from './message-cases.ts';
import { RawConnection } from './raw-connection.ts';
import { STREAM_CASES } from './stream-cases.ts';

/** A stream that no case uses. */
const OTHER_STREAM = 1_001;

let upstream: RawUpstream;
let worker: TestWorker;

beforeAll(async () => {
  upstream = await startRawUpstream(answerEach());
  worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);
});
afterAll(async () => {
  await worker.close();
  await upstream.close();
});

/** What became of it, as far as it matters to what is expected. */
async function observe(raw: RawConnection, expected: Outcome): Promise<string> {
  if (expected.startsWith('connection') || expected === 'closed') return ending(raw);
  const stream = expected === 'ignored' ? OTHER_STREAM : 1;
  if (stream === OTHER_STREAM) raw.send(get(stream));
  const { status, reset } = await raw.answer(stream);
  if (reset === undefined && status === undefined) return ending(raw);
  if (!(await raw.alive())) return ending(raw);
  if (stream === OTHER_STREAM && status === 200) return 'ignored';
  return reset === undefined ? `answer ${String(status)}` : `stream ${reset}`;
}

async function ending(raw: RawConnection): Promise<string> {
  const error = await raw.connectionError();
  return error === undefined ? 'closed' : `connection ${error}`;
}

describe.each<[string, readonly ConformanceCase[]]>([
  ['connections', CONNECTION_CASES],
  ['streams', STREAM_CASES],
  ['messages', MESSAGE_CASES],
])('HTTP/2 conformance of %s', (_topic, cases) => {
  it.each(cases)('$section: $name', async ({ send, outcome, newer = outcome }) => {
    const expected = NEWER_NGHTTP2 ? newer : outcome;
    const raw = await RawConnection.open(worker.port, HOST);
    try {
      await send(raw);
      expect(await observe(raw, expected)).toBe(expected);
    } finally {
      raw.close();
    }
  });
});
