// SPDX-License-Identifier: Apache-2.0
// A process that takes the lock of a directory, and gives it back, when its parent says so.
import { lockDirectory } from '../../dist/operator/directory-lock.js';

/** @type {import('../../dist/operator/directory-lock.js').DirectoryLock | undefined} */
let lock;

process.on('message', (/** @type {{ lock?: string }} */ { lock: directory }) => {
  void (directory === undefined ? release() : take(directory));
});
process.send?.('ready');

/** @param {string} directory */
async function take(directory) {
  try {
    lock = await lockDirectory(directory);
    process.send?.('held');
  } catch (error) {
    process.send?.(error instanceof Error && 'code' in error ? error.code : String(error));
  }
}

async function release() {
  await lock?.release();
  lock = undefined;
  process.send?.('released');
}
