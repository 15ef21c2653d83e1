// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { checkedText } from './text-fields.ts';
import { ApiError } from './errors.ts';
import { parseHostPort } from './host-port.ts';

/**
 * How the launcher finds out whether a workload works: one of `http`, `tcp` and `exec`. In a container's check
 * `localhost` and `127.0.0.1` mean the container.
 */
export interface HealthCheck {
  /** URL that answers 200 to 399. */
  readonly http?: string;
  /** `host:port` that accepts a connection. */
  readonly tcp?: string;
  /** Program and arguments to be run in the container; well when it exits with 0. */
  readonly exec?: readonly string[];
  readonly interval_seconds: number;
  readonly timeout_seconds: number;
  /** Failures in a row before a workload counts as unhealthy. */
  readonly retries: number;
  /** Time to become healthy for the first time; 0 waits for ever. */
  readonly readiness_timeout_seconds: number;
}

/** Often enough to notice an outage at once, seldom enough not to be the load. */
export const DEFAULT_HEALTH_INTERVAL_SECONDS = 5;
/** Below the interval, so that checks do not overlap. */
export const DEFAULT_HEALTH_TIMEOUT_SECONDS = 3;
/** One lost answer is no outage. */
export const DEFAULT_HEALTH_RETRIES = 3;

/** Arguments of a check: it asks one question. */
const MAX_EXEC_ARGUMENTS = 64;
/** One argument; a script belongs into the image. */
const MAX_EXEC_ARGUMENT_LENGTH = 4_096;

const argument = z
  .string()
  .max(MAX_EXEC_ARGUMENT_LENGTH)
  .refine((text) => !text.includes('\0'), { error: 'must not contain a NUL character' });

const seconds = (min: number): z.ZodNumber => z.number().min(min).max(86_400);

/** Schema of {@link HealthCheck}. */
export const healthCheckSchema: z.ZodType<HealthCheck, unknown> = z
  .strictObject({
    http: checkedText(parseProbeUrl).exactOptional(),
    tcp: checkedText(parseProbeAddress).exactOptional(),
    exec: z.array(argument).min(1).max(MAX_EXEC_ARGUMENTS).exactOptional(),
    interval_seconds: seconds(0.1).default(DEFAULT_HEALTH_INTERVAL_SECONDS),
    timeout_seconds: seconds(0.1).default(DEFAULT_HEALTH_TIMEOUT_SECONDS),
    retries: z.int().min(1).max(1_000).default(DEFAULT_HEALTH_RETRIES),
    readiness_timeout_seconds: seconds(0).default(0),
  })
  .refine(({ http, tcp, exec }) => [http, tcp, exec].filter(isGiven).length === 1, {
    error: 'needs exactly one of http, tcp and exec',
  });

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

function parseProbeUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.username !== '' || url.password !== '') {
    throw new ApiError(
      'ERR_API_HEALTH_CHECK',
      `"${text.slice(0, 120)}" is not a health check URL`,
      {
        expected: 'http://host:port/path',
        seen: text.slice(0, 120),
      },
    );
  }
}

function parseProbeAddress(text: string): void {
  if (parseHostPort(text).port > 0) return;
  throw new ApiError('ERR_API_HEALTH_CHECK', `"${text}" has no port to connect to`, {
    expected: 'host:port with a port above 0',
    seen: text,
  });
}
