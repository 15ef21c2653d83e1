// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { checkedText } from './text-fields.ts';
import { ApiError } from './errors.ts';
import { parseHostPort } from './host-port.ts';

/** How the launcher finds out whether a workload works: one of `http` and `tcp`. */
export interface HealthCheck {
  /** URL that answers 200 to 399. */
  readonly http?: string;
  /** `host:port` that accepts a connection. */
  readonly tcp?: string;
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

const seconds = (min: number): z.ZodNumber => z.number().min(min).max(86_400);

/** Schema of {@link HealthCheck}. */
export const healthCheckSchema: z.ZodType<HealthCheck, unknown> = z
  .strictObject({
    http: checkedText(parseProbeUrl).exactOptional(),
    tcp: checkedText(parseProbeAddress).exactOptional(),
    interval_seconds: seconds(0.1).default(DEFAULT_HEALTH_INTERVAL_SECONDS),
    timeout_seconds: seconds(0.1).default(DEFAULT_HEALTH_TIMEOUT_SECONDS),
    retries: z.int().min(1).max(1_000).default(DEFAULT_HEALTH_RETRIES),
    readiness_timeout_seconds: seconds(0).default(0),
  })
  .refine((check) => (check.http === undefined) !== (check.tcp === undefined), {
    error: 'needs exactly one of http and tcp',
  });

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
