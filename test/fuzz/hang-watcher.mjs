// SPDX-License-Identifier: Apache-2.0
// The thread of a HangWatch.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { COUNT, HEAD_WORDS, SIZE } from './hang-watch.mjs';

const STANDARD_ERROR = 2;
/** How many looks at the count make up the limit. */
const LOOKS = 10;

/** @type {{ shared: SharedArrayBuffer, what: string, limitMs: number }} */
const { shared, what, limitMs } = workerData;
const head = new Int32Array(shared, 0, HEAD_WORDS);
/** Nobody ever changes or wakes it. */
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

let last = 0;
let unchanged = 0;
while (unchanged < LOOKS) {
  Atomics.wait(never, 0, 0, limitMs / LOOKS);
  const count = Atomics.load(head, COUNT);
  unchanged = count === last && count !== 0 ? unchanged + 1 : 0;
  last = count;
}

const size = Atomics.load(head, SIZE);
const input = Buffer.from(shared, head.byteLength, size).toString('base64');
writeSync(
  STANDARD_ERROR,
  `${what} hangs: input ${String(last)} has taken more than ${String(limitMs)} ms\n` +
    `input: ${String(size)} bytes, base64 ${input}\n`,
);
// Only a signal ends the other thread.
process.kill(process.pid, 'SIGKILL');
