// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process that is to die in the middle of its work: counts every operation on files, and at the one
// that PROOFGATE_KILL_AT names sends itself SIGKILL, before it begins or, for a write, after half of it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env['PROOFGATE_KILL_AT']);
let count = 0;

/** @param {() => void} [half] what is done of the step before the end */
function step(half) {
  count += 1;
  if (count !== at) return;
  half?.();
  process.kill(process.pid, 'SIGKILL');
  // A signal to oneself is delivered before the system call returns; nothing below runs.
  for (;;);
}

/**
 * Puts a step in front of methods.
 *
 * @param {object} owner
 * @param {readonly string[]} names
 */
function countCalls(owner, names) {
  for (const name of names) {
    const real = /** @type {(...args: unknown[]) => unknown} */ (Reflect.get(owner, name));
    const counted = (/** @type {unknown[]} */ ...args) => {
      step();
      return real.apply(owner, args);
    };
    Reflect.set(owner, name, counted);
  }
}

const DIRECT = [
  'link',
  'lstat',
  'mkdir',
  'readdir',
  'readlink',
  'rename',
  'rm',
  'symlink',
  'unlink',
];
countCalls(fs.promises, [...DIRECT, 'writeFile']);

const { open } = fs.promises;
fs.promises.open = async (...args) => {
  step();
  const file = await open(...args);
  countCalls(file, ['chmod', 'sync', 'truncate', 'close']);
  const writeFile = file.writeFile.bind(file);
  file.writeFile = (data) => {
    // Sound: everything that is written here is text or bytes.
    const bytes = Buffer.from(/** @type {string} */ (data));
    step(() => fs.writeSync(file.fd, bytes.subarray(0, bytes.length / 2)));
    return writeFile(data);
  };
  return file;
};
syncBuiltinESMExports();

process.on('exit', (status) => {
  if (status === 0) process.stdout.write(`${String(count)}\n`);
});
