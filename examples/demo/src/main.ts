// SPDX-License-Identifier: Apache-2.0
import { EXIT, openTerminal } from '@proofgate/cli';

import { readArguments, USAGE, type DemoArguments } from './arguments.ts';
import { runDemo } from './run-demo.ts';

const terminal = openTerminal(process.stdout, process.stderr, process.env);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.abort();
  });
}

function readCommandLine(): DemoArguments | undefined {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

const request = readCommandLine();
if (request === undefined) process.exitCode = EXIT.usage;
else if (request.help) terminal.out(USAGE);
else process.exitCode = await runDemo(request, terminal, stop.signal);
