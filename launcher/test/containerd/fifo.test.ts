// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { CommandShell } from '../../src/container/command-shell.ts';
import { FifoReader, FIFO_CHUNK_BYTES, makeFifos, touchFifo } from '../../src/containerd/fifo.ts';

let directory: string;
let path: string;

const shell = new CommandShell();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fifo-'));
  path = join(directory, 'pipe');
  await makeFifos(shell, [path]);
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

afterAll(() => {
  shell.close();
});

function taker() {
  const chunks: Uint8Array[] = [];
  const take = (bytes: Uint8Array): Promise<void> => {
    chunks.push(bytes);
    return Promise.resolve();
  };
  return { take, text: () => Buffer.concat(chunks).toString() };
}

test('makes pipes for us alone, and none twice', async () => {
  const stats = statSync(path);
  expect([stats.isFIFO(), stats.mode & 0o777]).toEqual([true, 0o600]);
  await expect(makeFifos(shell, [path])).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_START_FAILED',
  });
});

test('waits for a writer and ends with the last one', async () => {
  const taken = taker();
  const reader = await FifoReader.open(path, taken.take);
  const first = await open(path, 'w');
  await first.write('one');
  const second = await open(path, 'w');
  await first.close();
  await waitFor(() => taken.text() === 'one', { timeoutMs: 5_000 });
  await second.write('two');
  await second.close();
  await reader.ended;
  expect(taken.text()).toBe('onetwo');
});

test('loses nothing when one reader follows another', async () => {
  const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));
  const writer = await open(path, 'r+');
  const taken: Uint8Array[] = [];
  const writing = writer.writeFile(bytes);
  for (let length = 0; length < bytes.length; length = Buffer.concat(taken).length) {
    const some = taken.length + 2;
    const reader = await FifoReader.open(path, (chunk) => {
      taken.push(chunk);
      return Promise.resolve();
    });
    await waitFor(() => taken.length >= some || Buffer.concat(taken).length === bytes.length, {
      timeoutMs: 5_000,
      intervalMs: 1,
    });
    await reader.stop();
  }
  await writing;
  await writer.close();
  expect(Buffer.concat(taken).equals(bytes)).toBe(true);
});

test('reads no further than what has been taken', async () => {
  const writer = await open(path, 'r+');
  let go: () => void = () => undefined;
  let taken = 0;
  const reader = await FifoReader.open(path, (bytes) => {
    taken += bytes.length;
    return new Promise((resolve) => {
      go = resolve;
    });
  });
  const writing = writer.writeFile(Buffer.alloc(4 * FIFO_CHUNK_BYTES));
  await waitFor(() => taken > 0, { timeoutMs: 5_000 });
  expect(taken).toBeLessThanOrEqual(FIFO_CHUNK_BYTES);
  const release = setInterval(() => {
    go();
  }, 1);
  await writing;
  await waitFor(() => taken === 4 * FIFO_CHUNK_BYTES, { timeoutMs: 5_000 });
  clearInterval(release);
  go();
  await writer.close();
  await reader.ended;
});

test('notices that nobody will write when nobody ever did', async () => {
  const reader = await FifoReader.open(path, taker().take);
  await touchFifo(path);
  await reader.ended;
  // Without a reader there is nobody to tell.
  await touchFifo(path);
  await touchFifo(join(directory, 'missing'));
});
