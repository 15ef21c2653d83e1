// SPDX-License-Identifier: Apache-2.0
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { ADMIN_PATHS, identitiesSchema } from '@proofgate/api';
import { ChildProcess, createLogger, requestUnix, waitFor } from '@proofgate/daemon';

import { HOST, type Stage } from './stage.ts';

const PROOFGATE = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
/** Three processes start and a certificate is minted; a busy laptop takes some seconds. */
const START_TIMEOUT_MS = 60_000;
/** `up` drains and stops the app within this. */
const STOP_GRACE_MS = 60_000;

/** The running stack: `proofgate up` and everything below it. */
export interface Stack {
  stop(): Promise<void>;
}

/**
 * Starts `proofgate up` as an operator would, with its log in a file, and waits until every host has its identity.
 *
 * @throws DaemonError when it does not get that far
 */
export async function startStack(stage: Stage, signal: AbortSignal): Promise<Stack> {
  const log = createWriteStream(stage.logFile, { mode: 0o600 });
  const child = new ChildProcess({
    name: 'proofgate up',
    command: process.execPath,
    args: [PROOFGATE, 'up', '--with-parent', '-c', stage.configFile],
    env: process.env,
    logger: createLogger({ name: 'demo', level: 'silent' }),
    stdout: log,
    stderr: log,
    ready: (ended) => identitiesExist(stage, AbortSignal.any([ended, signal])),
    readyTimeoutMs: START_TIMEOUT_MS,
    graceMs: STOP_GRACE_MS,
  });
  await child.start();
  return {
    async stop(): Promise<void> {
      await child.stop();
      log.end();
    },
  };
}

/** A host is served from the moment that the proxy has made its identity. */
async function identitiesExist({ runDirectory }: Stage, signal: AbortSignal): Promise<void> {
  const request = {
    socketPath: join(runDirectory, 'proxy.sock'),
    method: 'GET',
    path: ADMIN_PATHS.identities,
    timeoutMs: START_TIMEOUT_MS,
    signal,
  };
  const exists = async (): Promise<boolean> => {
    try {
      const { body } = await requestUnix(request);
      return identitiesSchema.parse(body).identities.some(({ hostname }) => hostname === HOST);
    } catch {
      return false;
    }
  };
  await waitFor(exists, { timeoutMs: START_TIMEOUT_MS, signal, what: `an identity for ${HOST}` });
}
