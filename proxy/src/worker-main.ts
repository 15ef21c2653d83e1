// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { writeSync } from 'node:fs';
import { createLogger, type Logger, type LogLevel, type LoggerOptions } from '@proofgate/daemon';
import type { WorkerMessage } from './ipc/messages.ts';
import { BufferedLines } from './http/buffered-lines.ts';
import { WorkerProcess } from './worker/worker-process.ts';

/*
 * Entry of a worker process. The primary forks it and tells it everything over the channel between them; when the
 * primary is gone, node:cluster ends the worker.
 */

// The primary decides when a worker ends; a signal to the whole group must not cut requests short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const STDERR = 2;
const accessLines = new BufferedLines({
  write: (bytes) => writeSync(STDERR, bytes),
  onLost: (lines) => newLogger('warn').warn({ lines }, 'lines of the access log were lost'),
});
process.on('exit', () => accessLines.flush());

const worker = new WorkerProcess({
  process,
  send: (message) => process.send?.(message),
  createLogger: (level) => newLogger(level),
  createAccessLogger: (level) => newLogger(level, accessLines),
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  fetch,
  requestIdPrefix: randomBytes(6).toString('hex'),
  exit: (code) => process.exit(code),
});

process.on('message', (message: unknown) => void worker.receive(message));
// Only now: a message that arrives before the listener is lost.
process.send?.({ kind: 'loaded' } satisfies WorkerMessage);

function newLogger(level: string, destination?: LoggerOptions['destination']): Logger {
  const to = destination === undefined ? {} : { destination };
  // Sound: the level comes from the primary's own logger.
  return createLogger({ name: 'proxy-worker', level: level as LogLevel, ...to });
}
