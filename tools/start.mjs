// SPDX-License-Identifier: Apache-2.0
// `npm start`: prepares this folder, then becomes the demo.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, ROOT, runMain } from './prepare.mjs';

const DEMO = join(ROOT, 'examples/demo/dist/main.js');

await runMain(async () => {
  await prepare();
  // In this process rather than in a child: its signals, its terminal and its exit code are the user's, and there is
  // nothing in between that could be left running.
  process.argv[1] = DEMO;
  await import(pathToFileURL(DEMO).href);
});
