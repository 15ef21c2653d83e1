// SPDX-License-Identifier: Apache-2.0
import { agentLabelsSchema, agentNameSchema } from '@proofgate/api';
import { FLEET_NONCE_BYTES } from '@proofgate/evidence';
import { z } from 'zod';
import { FleetError } from '../errors.ts';
import type { AgentEvidence } from './agent-evidence.ts';

/** An agent that asks to be let in. The caller knows that it holds the key: it has proved so in its TLS handshake. */
export interface RegistrationRequest {
  readonly name: string;
  readonly labels: readonly string[];
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly nonce: Uint8Array;
  readonly evidence: AgentEvidence;
}

/** A quote with its certificates has five kilobytes. */
const MAX_QUOTE_BYTES = 65_536;
/** P-521 has 158 bytes. */
const MAX_SPKI_BYTES = 512;
/** Loads and unloads since the machine started. */
const MAX_EVENTS = 10_000;

const schema = z.object({
  name: agentNameSchema,
  labels: agentLabelsSchema,
  spki: bytes(1, MAX_SPKI_BYTES),
  nonce: bytes(FLEET_NONCE_BYTES, FLEET_NONCE_BYTES),
  evidence: z.object({
    quote: bytes(1, MAX_QUOTE_BYTES),
    eventLog: z.array(z.unknown()).max(MAX_EVENTS),
  }),
});

/**
 * Demands that a request has the form of one.
 *
 * @throws FleetError `ERR_FLEET_REQUEST_INVALID`, naming the field
 */
export function checkRequest(request: RegistrationRequest): void {
  const [issue] = schema.safeParse(request).error?.issues ?? [];
  if (issue === undefined) return;
  throw new FleetError('ERR_FLEET_REQUEST_INVALID', `${issue.path.join('.')} is malformed`, {
    expected: issue.message,
  });
}

function bytes(min: number, max: number): z.ZodType<Uint8Array> {
  return z.instanceof(Uint8Array).refine(({ length }) => length >= min && length <= max, {
    error: `expected ${min === max ? String(min) : `${String(min)} to ${String(max)}`} bytes`,
  });
}
