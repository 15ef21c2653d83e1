// SPDX-License-Identifier: Apache-2.0
import { runCommandLine } from './command-line.ts';
import { ignoreClosedPipe, openTerminal } from './output/terminal.ts';

process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);
process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: openTerminal(process.stdout, process.stderr, process.env),
  env: process.env,
  stdin: process.stdin,
  stderr: process.stderr,
  now: () => new Date(),
});
