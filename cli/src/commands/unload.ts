// SPDX-License-Identifier: Apache-2.0
import { unloadAnswerSchema } from '@proofgate/api';

import type { CommandContext } from '../context.ts';
import { containerPath } from '../management/container-path.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { jsonText } from '../output/printable.ts';

/** As long as the proxy waits for an answer: the workload may take its time to stop. */
const UNLOAD_TIMEOUT_MS = 300_000;

/** Ends a workload of a VM and waits until it is gone. */
export async function unload(
  name: string,
  options: ManagementArguments,
  context: CommandContext,
): Promise<void> {
  const path = containerPath(name);
  const client = await openManagement(options, context);
  try {
    const answer = await client.ask(
      { method: 'DELETE', path, timeoutMs: UNLOAD_TIMEOUT_MS },
      unloadAnswerSchema,
    );
    context.terminal.out(options.json === true ? jsonText(answer) : `unloaded ${name}`);
  } finally {
    client.close();
  }
}
