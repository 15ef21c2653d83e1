// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createLogger, type LogLevel } from '@proofgate/daemon';
import type { WorkerMessage } from './ipc/messages.ts';
import { WorkerProcess } from './worker/worker-process.ts';

/*
 * Entry of a worker process. The primary forks it and tells it everything over the channel between them; when the
 * primary is gone, node:cluster ends the worker.
 */

// The primary decides when a worker ends; a signal to the whole group must not cut requests short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const worker = new WorkerProcess({
  process,
  send: (message) => process.send?.(message),
  // Sound: the level comes from the primary's own logger.
  createLogger: (level) => createLogger({ name: 'proxy-worker', level: level as LogLevel }),
  monotonicMs: () => performance.now(),
  requestIdPrefix: randomBytes(6).toString('hex'),
  exit: (code) => process.exit(code),
});

process.on('message', (message: unknown) => void worker.receive(message));
// Only now: a message that arrives before the listener is lost.
process.send?.({ kind: 'loaded' } satisfies WorkerMessage);
