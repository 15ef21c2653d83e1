// SPDX-License-Identifier: Apache-2.0
import { destination as pinoDestination, pino, stdTimeFunctions } from 'pino';
import type { Bindings, ChildLoggerOptions, DestinationStream, Logger as PinoLogger } from 'pino';
import { redactFields } from './log-redaction.ts';

/** Writes structured log lines: `logger.info({ host }, 'identity issued')`. */
export type Logger = PinoLogger;

/** What is written: this level and everything more severe. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Where a process logs to, and how much. */
export interface LoggerOptions {
  /** The product, such as `launcher`. */
  readonly name: string;
  /** `info` unless told. */
  readonly level?: LogLevel;
  /** Standard error unless told; written at once, so that the last line before a crash is not lost. */
  readonly destination?: DestinationStream;
}

/** File descriptor of standard error: standard output belongs to results. */
const STDERR = 2;

/**
 * A logger that writes one JSON object a line, without secrets (see `redact`), in this thread.
 *
 * @example
 * const logger = createLogger({ name: 'launcher' });
 * logger.warn({ err: error, workload: 'hello' }, 'health check failed');
 */
export function createLogger(options: LoggerOptions): Logger {
  const {
    name,
    level = 'info',
    destination = pinoDestination({ fd: STDERR, sync: true }),
  } = options;
  const logger = pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: redactFields,
      },
      // The formatter has made every error plain already; pino's own serializer would read it a second time.
      serializers: { err: (error: unknown) => error },
    },
    destination,
  );
  return withRedactedBindings(logger);
}

/** Pino formats the fields of a line, but not those that a child logger adds to each of its lines. */
function withRedactedBindings(logger: Logger): Logger {
  const { child, setBindings } = logger;
  return Object.assign(logger, {
    // Called on the logger or any child of it, which all inherit these two.
    child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): Logger {
      // Pino's own method, called as pino would: what it returns is a logger.
      return Reflect.apply(child, this, [redactFields(bindings), options]) as Logger;
    },
    setBindings(this: Logger, bindings: Bindings): void {
      setBindings.call(this, redactFields(bindings));
    },
  });
}
