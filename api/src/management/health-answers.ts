// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Answer to `GET /healthz`: whether the launcher itself is at work. */
export interface HealthAnswer {
  /** `ok` with 200, `starting` with 503. */
  readonly status: 'ok' | 'starting';
}

/** Answer to `GET /readyz`: whether every workload is. */
export interface ReadinessAnswer {
  /** `ready` with 200, `not_ready` with 503. */
  readonly status: 'ready' | 'not_ready';
  /** How many workloads there are. */
  readonly containers: number;
  /** Names of those that are neither running nor healthy. */
  readonly waiting?: readonly string[];
}

/** Schema of {@link HealthAnswer}. */
export const healthAnswerSchema: z.ZodType<HealthAnswer, unknown> = z.strictObject({
  status: z.enum(['ok', 'starting']),
});

/** Schema of {@link ReadinessAnswer}. */
export const readinessAnswerSchema: z.ZodType<ReadinessAnswer, unknown> = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  containers: z.int().min(0),
  waiting: z.array(z.string()).exactOptional(),
});
