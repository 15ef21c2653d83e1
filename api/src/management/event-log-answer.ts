// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, parseRuntimeEvent, type RuntimeEvent } from '@proofgate/evidence';
import { z } from 'zod';
import { base64Field } from '../encoded-fields.ts';
import { MAX_STATE_CCEL_LENGTH, MAX_STATE_EVENTS } from '../gateway-state-schema.ts';

/** Answer to `GET /api/v1/eventlog`. */
export interface EventLogAnswer {
  /** Base64 of the log of the VM's own boot, where the firmware left one. */
  readonly raw?: string;
  /** Where that log is from. */
  readonly source?: 'ccel' | 'tpm0';
  /** What the launcher extended RTMR3 with, oldest first. */
  readonly app_events: readonly RuntimeEvent[];
}

const event = z
  .unknown()
  .meta({ type: 'object', description: 'see docs/protocol: an event with its type and fields' })
  .transform((value, context): RuntimeEvent => {
    try {
      return parseRuntimeEvent(value);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

/** Schema of {@link EventLogAnswer}. */
export const eventLogAnswerSchema: z.ZodType<EventLogAnswer, unknown> = z.strictObject({
  raw: base64Field(MAX_STATE_CCEL_LENGTH).exactOptional(),
  source: z.enum(['ccel', 'tpm0']).exactOptional(),
  app_events: z.array(event).max(MAX_STATE_EVENTS),
});
