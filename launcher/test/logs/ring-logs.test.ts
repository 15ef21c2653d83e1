// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, readdir, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger, temporaryDirectory } from '../fixtures.ts';
import { LOG_BURST_BYTES, LOG_BYTES_PER_SECOND } from '../../src/logs/log-rate.ts';
import type { LogSink } from '../../src/logs/log-sink.ts';
import { MAX_LINE_BYTES, RETRY_AFTER_MS } from '../../src/logs/ring-log.ts';
import { RingLogs } from '../../src/logs/ring-logs.ts';

/** A clock that a test moves. */
interface TestClock {
  ms: number;
}

const START = Date.parse('2026-03-04T05:06:07.089Z');

async function stage(maxFileBytes?: number): Promise<{
  dir: string;
  clock: TestClock;
  logs: RingLogs;
  text: (name: string) => Promise<string>;
}> {
  const dir = await temporaryDirectory();
  const clock = { ms: 0 };
  const logs = new RingLogs({
    dir,
    clock: { date: () => new Date(START + clock.ms), now: () => clock.ms },
    logger: silentLogger,
    ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
  });
  return { dir, clock, logs, text: (name) => readFile(join(dir, 'app', name), 'utf8') };
}

const write = (
  sink: LogSink,
  text: string,
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<void> => sink.write(stream, Buffer.from(text));

describe('the log of a container', () => {
  test('has each line with the time of its arrival, in the file of its stream', async () => {
    const { clock, logs, text, dir } = await stage();
    const sink = await logs.open('app');
    expect(sink.lastTime).toBeUndefined();
    await write(sink, 'one\ntw');
    clock.ms = 1_000;
    await write(sink, 'o\n');
    await write(sink, 'oops\n\n', 'stderr');
    await sink.close();

    expect(await text('stdout.log')).toBe(
      '2026-03-04T05:06:07.089Z one\n2026-03-04T05:06:08.089Z two\n',
    );
    expect(await text('stderr.log')).toBe(
      '2026-03-04T05:06:08.089Z oops\n2026-03-04T05:06:08.089Z \n',
    );
    expect((await stat(join(dir, 'app'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'app/stdout.log'))).mode & 0o777).toBe(0o600);
  });

  test('keeps an unfinished line when it is closed, and cuts one that never ends', async () => {
    const { logs, text } = await stage();
    const sink = await logs.open('app');
    await write(sink, 'x'.repeat(MAX_LINE_BYTES + 1));
    await write(sink, 'é'.slice(0, 1));
    await write(sink, 'prompt> ', 'stderr');
    await sink.close();

    const lines = (await text('stdout.log')).trimEnd().split('\n');
    expect(lines.map((line) => line.length - 25)).toEqual([MAX_LINE_BYTES, 2]);
    expect(await text('stderr.log')).toMatch(/ prompt> \n$/);
  });

  test('puts bytes together that were cut inside of a character', async () => {
    const { logs, text } = await stage();
    const sink = await logs.open('app');
    const bytes = Buffer.from('gr\u00fc\u00dfe\n');
    for (const byte of bytes) await sink.write('stdout', Uint8Array.of(byte));
    await sink.close();
    expect(await text('stdout.log')).toMatch(/ gr\u00fc\u00dfe\n$/);
  });

  test('starts anew when its file is full, and keeps the one before', async () => {
    const { logs, dir } = await stage(100);
    const sink = await logs.open('app');
    for (let number = 0; number < 10; number += 1) await write(sink, `line ${String(number)}\n`);
    await sink.close();

    const names = await readdir(join(dir, 'app'));
    expect(names.sort()).toEqual(['stdout.log', 'stdout.log.1']);
    const [older, newer] = await Promise.all(
      ['stdout.log.1', 'stdout.log'].map((name) => readFile(join(dir, 'app', name), 'utf8')),
    );
    // 32 bytes each: three fit.
    expect(older).toMatch(/line 6\n.*line 7\n.*line 8\n$/);
    expect(newer).toMatch(/^\S+ line 9\n$/);
  });

  test('is shared by two containers of one workload, of which one replaces the other', async () => {
    const { logs, text, dir } = await stage(5_000);
    const [before, after] = [await logs.open('app'), await logs.open('app')];
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        write(index % 2 === 0 ? before : after, `line ${String(index)}\n`),
      ),
    );
    await before.close();
    await write(after, 'alone\n');
    await after.close();

    const all = (await text('stdout.log.1')) + (await text('stdout.log'));
    expect(all).toMatch(/ line 199\n\S+ alone\n$/);
    expect(
      all
        .split('\n')
        .filter((line) => line !== '')
        .every((line) => /^\S{24} (line \d+|alone)$/.test(line)),
    ).toBe(true);
    for (const name of await readdir(join(dir, 'app'))) {
      expect((await stat(join(dir, 'app', name))).size).toBeLessThanOrEqual(5_000);
    }
  });

  test('goes on where an earlier launcher stopped, and knows when that was', async () => {
    const { clock, logs, text } = await stage();
    const first = await logs.open('app');
    await write(first, 'out\n');
    clock.ms = 5_000;
    await write(first, 'error\n', 'stderr');
    clock.ms = 9_000;
    await first.close();

    const second = await logs.open('app');
    expect(second.lastTime?.getTime()).toBe(START + 5_000);
    await write(second, 'more\n');
    expect(second.lastTime?.getTime()).toBe(START + 9_000);
    await second.close();
    expect(await text('stdout.log')).toMatch(/ out\n\S+ more\n$/);
  });

  test('leaves out what is printed too fast, and says how much', async () => {
    const { clock, logs, dir } = await stage();
    const sink = await logs.open('app');
    const line = `${'y'.repeat(1_000)}\n`;
    const flood = Math.ceil(LOG_BURST_BYTES / line.length);
    for (let count = 0; count < flood + 100; count += 1) await write(sink, line);
    clock.ms = 1_000;
    await write(sink, 'heard again\n');
    await sink.close();

    const files = ['stdout.log.1', 'stdout.log'].map((name) =>
      readFile(join(dir, 'app', name), 'utf8').catch(() => ''),
    );
    const lines = (await Promise.all(files)).join('').trimEnd().split('\n');
    const notice = lines.at(-2) ?? '';
    const omitted = Number(/\[(\d+) lines left out/.exec(notice)?.[1]);
    expect(omitted).toBeGreaterThan(100);
    expect(lines.length - 2 + omitted).toBe(flood + 100);
    expect(lines.at(-1)).toMatch(/heard again$/);
    expect(notice).toContain(String(LOG_BYTES_PER_SECOND));
  });

  test('says at the end what it left out, and takes nothing after that', async () => {
    const { logs, dir } = await stage();
    const sink = await logs.open('app');
    await write(
      sink,
      `${'z'.repeat(MAX_LINE_BYTES)}\n`.repeat(LOG_BURST_BYTES / MAX_LINE_BYTES + 5),
    );
    await sink.close();
    await write(sink, 'too late\n');
    await sink.close();
    const text = await readFile(join(dir, 'app/stderr.log'), 'utf8');
    expect(text).toMatch(/\d+ lines left out/);
    expect(await readFile(join(dir, 'app/stdout.log'), 'utf8')).not.toContain('too late');
  });

  test('costs lines and nothing else when the disk fails', async () => {
    const { clock, logs, dir, text } = await stage();
    const sink = await logs.open('app');
    await rm(join(dir, 'app'), { recursive: true });
    await write(sink, 'lost\n');
    await mkdir(join(dir, 'app'));
    await write(sink, 'lost too\n');
    clock.ms = RETRY_AFTER_MS;
    await write(sink, 'kept\n');
    await sink.close();
    expect(await text('stdout.log')).toMatch(/^\S+ kept\n$/);
  });

  test('does not follow a link', async () => {
    const { logs, dir } = await stage();
    const target = join(dir, 'elsewhere');
    await mkdir(join(dir, 'app'));
    await symlink(target, join(dir, 'app/stdout.log'));
    const sink = await logs.open('app');
    await write(sink, 'line\n');
    await sink.close();
    await expect(stat(target)).rejects.toThrow('ENOENT');
  });

  test('is removed with its workload', async () => {
    const { logs, dir } = await stage();
    const sink = await logs.open('app');
    await write(sink, 'line\n');
    await sink.close();
    await logs.remove('app');
    expect(await readdir(dir)).toEqual([]);
  });
});
