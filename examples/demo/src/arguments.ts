// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';

/** What the demo was asked for. */
export interface DemoArguments {
  /** Stop after the verification. */
  readonly once: boolean;
  readonly port: number;
  readonly help: boolean;
}

/** What `--help` prints. */
export const USAGE = `Usage: npm start [-- options]

Runs the whole of Proofgate on a simulated platform: a throw-away PKI, a small app, the launcher that
measures it, the proxy before it, and a client that verifies it.

Options:
  --once       stop after the verification; the exit code says whether it passed
  --port <n>   TCP port of the proxy on loopback (default: 8443)
  --help       print this text
`;

const DEFAULT_PORT = '8443';
const MAX_PORT = 65_535;

/**
 * Reads the command line of the demo.
 *
 * @throws TypeError with a message for the user
 */
export function readArguments(args: readonly string[]): DemoArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      port: { type: 'string', default: DEFAULT_PORT },
      help: { type: 'boolean', default: false },
    },
  });
  const port = /^[1-9][0-9]{0,4}$/u.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new TypeError(`--port ${values.port}: expected 1 to 65535`);
  return { once: values.once, port, help: values.help };
}
