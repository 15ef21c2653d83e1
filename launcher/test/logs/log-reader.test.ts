// SPDX-License-Identifier: Apache-2.0
import { appendFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '@proofgate/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../fixtures.ts';
import { readLogs, type LogForm, type LogRequest } from '../../src/logs/log-reader.ts';

const PLAIN: LogForm = { timed: false };
const TIMED: LogForm = { timed: true };

const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`;

async function read(
  dir: string,
  request: Partial<LogRequest>,
  form: LogForm,
): Promise<readonly LogLine[]> {
  const { signal } = new AbortController();
  const lines: LogLine[] = [];
  const all = { stream: 'all', tailBytes: 1_000, follow: false, signal, ...request } as const;
  for await (const line of readLogs(dir, all, form)) lines.push(line);
  return lines;
}

/** Follows a log; `next` gives the following lines, as many as are asked for. */
function follow(dir: string, form: LogForm): { next: (count: number) => Promise<string[]> } {
  const abort = new AbortController();
  const request = { stream: 'all', tailBytes: 1_000, follow: true, signal: abort.signal } as const;
  const lines = readLogs(dir, request, form);
  onTestFinished(async () => {
    abort.abort();
    await lines.return(undefined);
  });
  return {
    next: async (count) => {
      const texts: string[] = [];
      while (texts.length < count) {
        const next = await lines.next();
        if (next.done === true) throw new Error('the log has ended');
        texts.push(next.value.text);
      }
      return texts;
    },
  };
}

describe('reading a log', () => {
  test('gives the last lines of each stream, and nothing of a log that is not there', async () => {
    const dir = await temporaryDirectory();
    expect(await read(dir, {}, PLAIN)).toEqual([]);
    await writeFile(join(dir, 'stdout.log'), 'first\nsecond\nthird\nunfinished');
    await writeFile(join(dir, 'stderr.log'), 'error\n');

    expect(await read(dir, { stream: 'stderr' }, PLAIN)).toEqual([
      { stream: 'stderr', text: 'error' },
    ]);
    const texts = async (tailBytes: number): Promise<readonly string[]> =>
      (await read(dir, { stream: 'stdout', tailBytes }, PLAIN)).map(({ text }) => text);
    expect(await texts(1_000)).toEqual(['first', 'second', 'third', 'unfinished']);
    // From the beginning of a line on: 16 bytes are exactly two lines.
    expect(await texts(16)).toEqual(['third', 'unfinished']);
    expect(await texts(15)).toEqual(['unfinished']);
    expect(await texts(0)).toEqual([]);
  });

  test('goes back into the older file', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'stdout.log.1'), 'oldest\nolder\nhalf of ');
    await writeFile(join(dir, 'stdout.log'), 'a line\nnewest\n');
    const lines = await read(dir, { stream: 'stdout', tailBytes: 30 }, PLAIN);
    expect(lines.map(({ text }) => text)).toEqual(['older', 'half of a line', 'newest']);
  });

  test('puts the lines of both streams in order when they have times', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'stdout.log'), `${time(1)} a\n${time(3)} c\nwithout time\n`);
    await writeFile(join(dir, 'stderr.log'), `${time(2)} b\n${time(4)} d\n`);
    expect(await read(dir, {}, TIMED)).toEqual([
      { stream: 'stdout', time: time(1), text: 'a' },
      { stream: 'stderr', time: time(2), text: 'b' },
      { stream: 'stdout', time: time(3), text: 'c' },
      { stream: 'stdout', text: 'without time' },
      { stream: 'stderr', time: time(4), text: 'd' },
    ]);
    // What a process prints is not taken apart, whatever it looks like.
    const [first] = await read(dir, {}, PLAIN);
    expect(first).toEqual({ stream: 'stdout', text: `${time(1)} a` });
  });

  test('shows a line in pieces that does not end', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'stdout.log'), 'x'.repeat(150_000));
    const lines = await read(dir, { stream: 'stdout', tailBytes: 200_000 }, PLAIN);
    expect(lines.map(({ text }) => text.length)).toEqual([65_536, 65_536, 18_928]);
  });
});

describe('following a log', () => {
  test('goes on with what is written, also to a file that begins to exist', async () => {
    const dir = await temporaryDirectory();
    const log = join(dir, 'stdout.log');
    const lines = follow(dir, PLAIN);
    const first = lines.next(2);
    await appendFile(log, 'one\ntw');
    await appendFile(log, 'o\n');
    expect(await first).toEqual(['one', 'two']);
    await appendFile(log, 'three\n');
    expect(await lines.next(1)).toEqual(['three']);
  });

  test('loses nothing when the file is renamed and starts anew, once or twice', async () => {
    const dir = await temporaryDirectory();
    const log = join(dir, 'stdout.log');
    await writeFile(log, '');
    const lines = follow(dir, TIMED);
    const turn = async (before: string, after: string): Promise<void> => {
      await appendFile(log, before);
      await rename(log, `${log}.1`);
      await writeFile(log, after);
    };
    const first = lines.next(1);
    await appendFile(log, 'zero\n');
    expect(await first).toEqual(['zero']);
    await turn('one\n', 'two\n');
    expect(await lines.next(2)).toEqual(['one', 'two']);
    await turn('three\n', 'four\n');
    await turn('five\n', 'six\n');
    // "three" is in a file that has no name any more, and that the reader still has open.
    expect(await lines.next(4)).toEqual(['three', 'four', 'five', 'six']);
  });

  test('goes on at the beginning when the file is cut to nothing', async () => {
    const dir = await temporaryDirectory();
    const log = join(dir, 'stdout.log');
    await writeFile(log, '');
    const lines = follow(dir, PLAIN);
    const first = lines.next(1);
    await appendFile(log, 'a longer line before\n');
    expect(await first).toEqual(['a longer line before']);
    await truncate(log, 0);
    await appendFile(log, 'after\n');
    expect(await lines.next(1)).toEqual(['after']);
  });

  test('ends when it is told to', async () => {
    const dir = await temporaryDirectory();
    const request = { stream: 'all', tailBytes: 0, follow: true } as const;
    const lines: LogLine[] = [];
    for await (const line of readLogs(dir, { ...request, signal: AbortSignal.abort() }, PLAIN)) {
      lines.push(line);
    }
    expect(lines).toEqual([]);
  });
});

test('a log that is followed ends with the reason, after what was written before', async () => {
  const dir = await temporaryDirectory();
  const path = join(dir, 'stdout.log');
  await writeFile(path, 'first\n');
  let why: string | undefined;
  const { signal } = new AbortController();
  const request = { stream: 'all', tailBytes: 1_000, follow: true, signal } as const;
  const lines = readLogs(dir, { ...request, over: () => why }, PLAIN);
  expect(await lines.next()).toMatchObject({ value: { text: 'first' } });
  await appendFile(path, 'last words');
  why = 'the workload was unloaded';
  const rest: LogLine[] = [];
  for await (const line of lines) rest.push(line);
  expect(rest).toEqual([
    { stream: 'stdout', text: 'last words' },
    { stream: 'launcher', text: 'the workload was unloaded' },
  ]);
});
