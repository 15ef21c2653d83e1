// SPDX-License-Identifier: Apache-2.0
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFollower } from '../../src/podman/log-follower.ts';

let directory: string;
let log: string;
let minute = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-'));
  log = join(directory, 'log');
  minute = 0;
});

afterEach(() => rm(directory, { recursive: true }));

/** A line a minute. */
function line(text: string, stream = 'stdout'): string {
  minute += 1;
  return `2026-11-20T12:${String(minute).padStart(2, '0')}:00.000000000+00:00 ${stream} F ${text}\n`;
}

function sink(lastTime?: Date) {
  const writes: string[] = [];
  return {
    lastTime,
    writes,
    closed: false,
    fails: false,
    write(stream: string, bytes: Uint8Array) {
      if (this.fails) return Promise.reject(new Error('full'));
      writes.push(`${stream}: ${Buffer.from(bytes).toString()}`);
      return Promise.resolve();
    },
    close() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

test('delivers what is there, what comes, and what came before the end', async () => {
  await writeFile(log, line('one'));
  const into = sink();
  const follower = new LogFollower(directory, into);
  await waitFor(() => into.writes.length === 1, { timeoutMs: 5_000 });
  await appendFile(log, line('two'));
  await waitFor(() => into.writes.length === 2, { timeoutMs: 5_000 });
  await appendFile(log, line('three') + line('oops', 'stderr') + line('four'));
  await follower.finish();
  const text = into.writes.join('');
  expect(text.replaceAll(/stdout: /g, '')).toBe('one\ntwo\nthree\nstderr: oops\nfour\n');
  expect(into.closed).toBe(true);
  await follower.finish();
});

test('waits for a log that is not there yet', async () => {
  const into = sink();
  const follower = new LogFollower(directory, into);
  await writeFile(log, line('late'));
  await waitFor(() => into.writes.length === 1, { timeoutMs: 5_000 });
  await follower.finish();
  const silent = sink();
  await rm(log);
  await new LogFollower(directory, silent).finish();
  expect(silent.writes).toEqual([]);
});

test('goes on where another follower stopped', async () => {
  await writeFile(log, line('one') + line('two'));
  await new LogFollower(directory, sink()).finish();
  await appendFile(log, line('three'));
  const into = sink();
  await new LogFollower(directory, into).finish();
  expect(into.writes).toEqual(['stdout: three\n']);
});

test('goes on in a log that replaced the one that was read', async () => {
  await writeFile(log, line('one'));
  const into = sink();
  const follower = new LogFollower(directory, into);
  await waitFor(() => into.writes.length === 1, { timeoutMs: 5_000 });
  await writeFile(`${log}.tmp`, line('two'));
  await rename(`${log}.tmp`, log);
  await waitFor(() => into.writes.length === 2, { timeoutMs: 5_000 });
  await follower.stop();
  await writeFile(`${log}.tmp`, line('three'));
  await rename(`${log}.tmp`, log);
  const later = sink();
  await new LogFollower(directory, later).finish();
  expect([...into.writes, ...later.writes]).toEqual([
    'stdout: one\n',
    'stdout: two\n',
    'stdout: three\n',
  ]);
});

test('without a cursor, leaves out what the sink has had', async () => {
  await writeFile(log, line('one') + line('two') + line('three'));
  const into = sink(new Date('2026-11-20T12:02:00Z'));
  await new LogFollower(directory, into).finish();
  expect(into.writes).toEqual(['stdout: three\n']);
});

test.each(['', 'nonsense', '1 2', '99999999999999999999999 1\n', '1 -1\n'])(
  'a cursor that says "%s" is as good as none',
  async (text) => {
    await writeFile(log, line('one'));
    await writeFile(join(directory, 'cursor'), text);
    const into = sink();
    await new LogFollower(directory, into).finish();
    expect(into.writes).toEqual(['stdout: one\n']);
  },
);

test('a cursor beyond the end of the log belongs to another', async () => {
  await writeFile(log, line('one'));
  await new LogFollower(directory, sink()).finish();
  const cursor = await readFile(join(directory, 'cursor'), 'utf8');
  await writeFile(join(directory, 'cursor'), cursor.replace(/ \d+/, ' 4096'));
  const into = sink();
  await new LogFollower(directory, into).finish();
  expect(into.writes).toEqual(['stdout: one\n']);
});

test('a line that is longer than any of conmon is passed over', async () => {
  await writeFile(log, `${'x'.repeat(200_000)}\n${line('after')}`);
  const into = sink();
  await new LogFollower(directory, into).finish();
  expect(into.writes).toEqual(['stdout: after\n']);
});

test('what a sink did not take is there for the next one', async () => {
  await writeFile(log, line('one'));
  const into = sink();
  into.fails = true;
  await new LogFollower(directory, into).finish();
  expect(into.closed).toBe(true);
  const later = sink();
  await new LogFollower(directory, later).finish();
  expect(later.writes).toEqual(['stdout: one\n']);
});
