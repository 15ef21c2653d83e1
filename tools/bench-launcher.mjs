// SPDX-License-Identifier: Apache-2.0
// `npm run bench:launcher`: prepares, and measures in namespaces of its own (bench/src/launcher/main.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, PreparationError, ROOT, runMain } from './prepare.mjs';
import { findObstacle, inPrivateNamespaces } from './private-namespaces.mjs';
import { provideSystemPrograms } from './system-programs.mjs';

await runMain(async () => {
  await prepare();
  await provideSystemPrograms();
  const obstacle = findObstacle();
  if (obstacle !== undefined) throw new PreparationError(`containers cannot run: ${obstacle}`);
  process.exitCode = await inPrivateNamespaces(async ([program = '', ...wrapper]) => {
    const main = join(ROOT, 'bench/dist/launcher/main.js');
    const args = [...wrapper, process.execPath, main, ...process.argv.slice(2)];
    const child = spawn(program, args, { stdio: 'inherit' });
    // A terminal's Ctrl-C reaches it by itself; without a handler this process would not wait for its clean-up.
    process.on('SIGINT', () => undefined).on('SIGTERM', () => interrupt(child.pid));
    const [status] = /** @type {[number | null]} */ (await once(child, 'close'));
    return status ?? 1;
  });
});

/**
 * Asks the program in the namespaces to end: the one that made them takes no notice of such signals.
 *
 * @param {number | undefined} pid the one that made them
 */
function interrupt(pid) {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  for (const found of children.trim().split(' ')) process.kill(Number(found), 'SIGTERM');
}
