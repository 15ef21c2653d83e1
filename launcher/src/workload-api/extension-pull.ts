// SPDX-License-Identifier: Apache-2.0
import { request, type IncomingMessage } from 'node:http';
import type { HostPort } from '@proofgate/api';
import { parseJson, type Logger } from '@proofgate/daemon';
import type { ExtensionValue } from '@proofgate/evidence';
import { pause } from '../supervision/pause.ts';
import { parseExtensionList } from './extension-list.ts';

/** As Enclave OS gives a workload; one that is busy is asked again soon. */
export const PULL_TIMEOUT_MS = 2_000;
/** As Enclave OS reads; the most that is accepted is a sixth of it in base64. */
export const MAX_PULL_BYTES = 65_536;
/** A workload without health checks is asked this often. */
export const DEFAULT_PULL_INTERVAL_MS = 10_000;
/** Health checks may be more frequent than that; extensions do not change by the second. */
export const MIN_PULL_INTERVAL_MS = 1_000;

/** What is asked, and how often. */
export interface ExtensionPull {
  readonly address: HostPort;
  /** Path in the workload. */
  readonly path: string;
  readonly intervalMs: number;
  /** Takes a list. @throws LauncherError when it is not acceptable */
  readonly take: (extensions: readonly ExtensionValue[]) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Asks a workload for its extensions, again and again until the signal aborts. An answer that cannot be used changes
 * nothing; it is logged once until there is a good one.
 *
 * @param pull - what to ask
 * @param signal - ends the asking
 */
export async function pullExtensions(pull: ExtensionPull, signal: AbortSignal): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      const extensions = parseExtensionList(await ask(pull, signal));
      // What the workload says after its end, or another one in its place, is nobody's.
      if (signal.aborted) return;
      await pull.take(extensions);
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      // A workload that has only been started refuses connections for a while.
      if (!failing) {
        pull.logger.warn(
          { err: error, path: pull.path },
          'extensions of a workload cannot be read',
        );
      }
      failing = true;
    }
    await pause(pull.intervalMs, signal);
  }
}

async function ask({ address, path }: ExtensionPull, signal: AbortSignal): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PULL_TIMEOUT_MS)]);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ ...address, path, agent: false, signal: limit, headers: { connection: 'close' } })
      .once('response', resolve)
      .on('error', reject)
      .end();
  });
  try {
    if (answer.statusCode !== 200) throw new Error(`status ${String(answer.statusCode)}`);
    const chunks: Uint8Array[] = [];
    let total = 0;
    const source: AsyncIterable<Uint8Array> = answer;
    for await (const chunk of source) {
      total += chunk.length;
      if (total > MAX_PULL_BYTES) throw new Error(`more than ${String(MAX_PULL_BYTES)} bytes`);
      chunks.push(chunk);
    }
    return parseJson(Buffer.concat(chunks, total), 'answer of the workload');
  } finally {
    answer.destroy();
  }
}
