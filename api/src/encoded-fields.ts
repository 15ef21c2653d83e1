// SPDX-License-Identifier: Apache-2.0
import { encodeOid, EvidenceError, fromBase64 } from '@proofgate/evidence';
import { z } from 'zod';

/** A text that is checked and put into its one spelling. */
export type NormalizedField = z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>;

const UUID_OR_HEX = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** Exactly this many bytes in hex, as lower-case text. */
export function hexField(bytes: number): NormalizedField {
  const digits = String(bytes * 2);
  return z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), { error: `expected ${digits} hex digits` })
    .transform((text) => text.toLowerCase());
}

/** A UUID, with or without hyphens, as 32 lower-case hex digits: what RA-TLS v1 compares. */
export function appIdField(): NormalizedField {
  return z
    .string()
    .regex(UUID_OR_HEX, { error: 'expected a UUID or 32 hex digits' })
    .transform((text) => text.replaceAll('-', '').toLowerCase());
}

/** A dotted object identifier. */
export function oidField(): z.ZodString {
  const error = 'expected a dotted object identifier';
  return z.string().refine((text) => isReadable(() => encodeOid(text)), { error });
}

/** Standard base64 (RFC 4648 §4) of at most this many characters. */
export function base64Field(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .refine((text) => isReadable(() => fromBase64(text)), { error: 'expected base64' });
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}
