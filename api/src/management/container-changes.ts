// SPDX-License-Identifier: Apache-2.0
import { ATTESTATION_ARC, fromBase64 } from '@proofgate/evidence';
import { z } from 'zod';
import { base64Field } from '../encoded-fields.ts';

/** Answer to `POST /api/v1/containers`: accepted; what becomes of it is in the status. */
export interface LoadAnswer {
  readonly name: string;
  readonly image: string;
  readonly status: 'loading';
  /** Whether a version of it runs, which goes on serving until the new one is ready. */
  readonly replaces: boolean;
  /** What the event log will say, SHA-256 in hex. */
  readonly spec_digest: string;
  /** Root of its configuration tree, hex. */
  readonly config_root: string;
}

/** Answer to `DELETE /api/v1/containers/{name}`, also when there was none. */
export interface UnloadAnswer {
  readonly name: string;
  readonly status: 'unloaded';
}

/** Body of `POST /api/v1/containers/{name}/attestation-extensions`. */
export interface ExtensionRequest {
  /** Full object identifier, below `…65230.3.5`. */
  readonly oid: string;
  readonly value: Uint8Array;
}

/** Answer to requests that have nothing to tell. */
export interface DoneAnswer {
  readonly status: 'ok';
}

/** The arc under which a workload puts extensions of its own into its certificate (RA-TLS v1). */
const WORKLOAD_ARC = `${ATTESTATION_ARC}.3.5`;
/** A digest or a short text: the certificate has to fit into a handshake. */
export const MAX_WORKLOAD_EXTENSION_BYTES = 4_096;
/** Arcs below it that a full identifier may have: more is no name any more. */
const FULL_OID = new RegExp(
  `^${WORKLOAD_ARC.replaceAll('.', '\\.')}(?:\\.(?:0|[1-9]\\d{0,8})){1,8}$`,
);
/** The end of an identifier alone, short enough not to be a full one of somewhere else. */
const TAIL = /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){0,2}$/;

const workloadOid = z.string().transform((text, context): string => {
  if (FULL_OID.test(text)) return text;
  if (TAIL.test(text)) return `${WORKLOAD_ARC}.${text}`;
  const message = `expected an object identifier below ${WORKLOAD_ARC}, or its tail`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 lower-case hex digits' });

/** Schema of {@link LoadAnswer}. */
export const loadAnswerSchema: z.ZodType<LoadAnswer, unknown> = z.strictObject({
  name: z.string(),
  image: z.string(),
  status: z.literal('loading'),
  replaces: z.boolean(),
  spec_digest: sha256Hex,
  config_root: sha256Hex,
});

/** Schema of {@link UnloadAnswer}. */
export const unloadAnswerSchema: z.ZodType<UnloadAnswer, unknown> = z.strictObject({
  name: z.string(),
  status: z.literal('unloaded'),
});

/** Schema of {@link ExtensionRequest}. */
export const extensionRequestSchema: z.ZodType<ExtensionRequest, unknown> = z
  .strictObject({
    oid: workloadOid,
    // Base64 has four characters for three bytes.
    value_b64: base64Field(Math.ceil(MAX_WORKLOAD_EXTENSION_BYTES / 3) * 4),
  })
  .transform(({ oid, value_b64 }) => ({ oid, value: fromBase64(value_b64) }));

/** Schema of {@link DoneAnswer}. */
export const doneAnswerSchema: z.ZodType<DoneAnswer, unknown> = z.strictObject({
  status: z.literal('ok'),
});
