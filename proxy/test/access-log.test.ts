// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { describe, expect, it } from 'vitest';
import { sampledLog, type AccessRecord } from '../src/http/access-log.ts';
import { BufferedLines } from '../src/http/buffered-lines.ts';

const SOON = { timeoutMs: 4_000 };

const RECORD: AccessRecord = {
  requestId: 'a',
  host: 'app.example.com',
  method: 'GET',
  path: '/',
  peer: '127.0.0.1',
  status: 200,
  durationMs: 1,
  bytesIn: 0,
  bytesOut: 2,
};

interface Written {
  readonly lines: BufferedLines;
  readonly pieces: string[];
  readonly lost: number[];
  /** What the next writes do instead of taking everything. */
  readonly answers: (number | Error)[];
}

function setup(): Written {
  const pieces: string[] = [];
  const lost: number[] = [];
  const answers: (number | Error)[] = [];
  const lines = new BufferedLines({
    write: (bytes) => {
      const answer = answers.shift() ?? bytes.length;
      if (answer instanceof Error) throw answer;
      pieces.push(Buffer.from(bytes.subarray(0, answer)).toString());
      return answer;
    },
    onLost: (count) => lost.push(count),
  });
  return { lines, pieces, lost, answers };
}

describe('lines of the access log', () => {
  it('are written together, a moment later', async () => {
    const { lines, pieces } = setup();
    for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line);
    expect(pieces).toEqual([]);
    await waitFor(() => pieces.length > 0, SOON);
    expect(pieces).toEqual(['one\ntwo\nthree\n']);
  });

  it('are written at once when the process ends', () => {
    const { lines, pieces } = setup();
    lines.write('last\n');
    lines.flush();
    expect(pieces).toEqual(['last\n']);
  });

  it('stay whole in a pipe that others write to as well', () => {
    const { lines, pieces } = setup();
    const line = `${'x'.repeat(999)}\n`;
    for (let n = 0; n < 100; n += 1) lines.write(line);
    lines.flush();
    expect(pieces.join('')).toBe(line.repeat(100));
    for (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(4_096);
      expect(piece.endsWith('\n')).toBe(true);
    }
  });

  it('wait for a pipe that is full, and go on where it has stopped', async () => {
    const { lines, pieces, answers } = setup();
    answers.push(2, Object.assign(new Error('full'), { code: 'EAGAIN' }));
    lines.write('abcdef\n');
    lines.flush();
    expect(pieces).toEqual(['ab']);
    await waitFor(() => pieces.length > 1, SOON);
    expect(pieces).toEqual(['ab', 'cdef\n']);
  });

  it('are lost, and counted, beyond a bound', () => {
    const { lines, lost, answers, pieces } = setup();
    const full = (): Error => Object.assign(new Error('full'), { code: 'EAGAIN' });
    const line = `${'x'.repeat(4_095)}\n`;
    for (let n = 0; n < 300; n += 1) {
      answers[0] = full();
      lines.write(line);
    }
    answers.length = 0;
    lines.flush();
    expect(pieces).toHaveLength(256);
    expect(lost).toEqual([44]);
  });

  it('do not end the service when the log has gone', () => {
    const { lines, answers } = setup();
    answers.push(Object.assign(new Error('gone'), { code: 'EPIPE' }));
    lines.write('x\n');
    expect(() => lines.flush()).not.toThrow();
  });
});

describe('a sample of the requests', () => {
  it.each([
    [1, 100],
    [0.25, 25],
    [0, 0],
  ])('of %d leaves %d lines of a hundred', (share, count) => {
    const seen: AccessRecord[] = [];
    const log = sampledLog((record) => seen.push(record), share);
    for (let n = 0; n < 100; n += 1) log(RECORD);
    expect(seen).toHaveLength(count);
  });

  it('holds every request that failed', () => {
    const seen: AccessRecord[] = [];
    const log = sampledLog((record) => seen.push(record), 0);
    log(RECORD);
    log({ ...RECORD, status: 502 });
    log({ ...RECORD, code: 'ERR_PROXY_REQUEST_ABORTED' });
    expect(seen.map(({ status }) => status)).toEqual([502, 200]);
  });
});
