// SPDX-License-Identifier: Apache-2.0
import { execAnswerSchema } from '@proofgate/api';
import { fromBase64 } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { containerPath } from '../management/container-path.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { jsonText, printable } from '../output/printable.ts';
import { printableLines } from '../output/printable-lines.ts';

/** Options of `proofgate exec`. */
export interface ExecOptions extends ManagementArguments {
  /** Seconds. */
  readonly timeout: number;
}

/** What the way there and back may take besides the program itself. */
const MARGIN_MS = 30_000;

/**
 * Runs a program in a container of a VM, where the VM's config file allows it, and prints what it printed.
 *
 * @param command - program and arguments; no shell reads them
 */
export async function exec(
  name: string,
  command: readonly string[],
  options: ExecOptions,
  context: CommandContext,
): Promise<void> {
  const path = `${containerPath(name)}/exec`;
  const client = await openManagement(options, context);
  try {
    const json = { command, timeout_seconds: options.timeout };
    const timeoutMs = options.timeout * 1_000 + MARGIN_MS;
    const answer = await client.ask({ method: 'POST', path, json, timeoutMs }, execAnswerSchema);
    const { terminal } = context;
    if (options.json === true) terminal.out(jsonText(answer));
    else {
      printOutput(answer.stdout_b64, (text) => void terminal.out(text));
      printOutput(answer.stderr_b64, (text) => void terminal.err(text));
    }
    if (answer.exit_code === 0) return;
    const [program = ''] = command;
    terminal.err(`${printable(program)} ${endText(answer.exit_code, options.timeout)}`);
    context.setExitCode(EXIT.internal);
  } finally {
    client.close();
  }
}

function printOutput(base64: string, print: (text: string) => void): void {
  const text = new TextDecoder().decode(fromBase64(base64));
  if (text !== '') print(printableLines(text));
}

function endText(code: number | null, timeout: number): string {
  return code === null
    ? `was ended after ${String(timeout)} s`
    : `exited with code ${String(code)}`;
}
