// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, fromUtf8, sha256, toHex } from '@proofgate/evidence';
import { z } from 'zod';
import { CaError } from '../errors.ts';

/** Why a certificate is revoked (RFC 5280, section 5.3.1), as far as a CA of machines has use for it. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'superseded',
  'cessationOfOperation',
] as const;

/** One of {@link REVOCATION_REASONS}. */
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** Steps of a rotation; `abandon` ends one that was prepared and is not wanted any more. */
export const ROTATION_STEPS = ['prepare', 'activate', 'retire', 'abandon'] as const;

/** One of {@link ROTATION_STEPS}. */
export type RotationStep = (typeof ROTATION_STEPS)[number];

/** What a CA did. Certificates are DER in base64, serial numbers their content octets in hex. */
export type JournalEvent =
  | { readonly type: 'init'; readonly root: string }
  | {
      readonly type: 'issue';
      readonly profile: 'intermediary';
      readonly serial: string;
      readonly certificate: string;
      /** Who made the key: this CA, or whoever sent the request. */
      readonly key: 'generated' | 'requested';
      /** Digest of the evidence that an attested enrolment was granted on. */
      readonly evidence_sha256?: string;
    }
  | {
      readonly type: 'revoke';
      readonly serial: string;
      readonly reason: RevocationReason;
    }
  | { readonly type: 'crl'; readonly number: number; readonly sha256: string }
  | {
      readonly type: 'rotate';
      readonly step: RotationStep;
      /** The certificate that takes over. */
      readonly serial: string;
      /** The one it takes over from. */
      readonly previous: string;
    };

/** One line of a journal. */
export interface JournalEntry {
  /** 0 for the first line. */
  readonly seq: number;
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** SHA-256 in hex of the line before it without its line break; zeros in the first. */
  readonly prev: string;
  readonly event: JournalEvent;
}

/** `prev` of the first line. */
export const NO_ENTRY: string = '0'.repeat(64);

/** A certificate of a few kilobytes in base64, and what stands around it. */
export const MAX_LINE_BYTES = 65_536;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** RFC 5280, section 4.1.2.2: at most 20 octets. */
const serial = z.string().regex(/^([0-9a-f]{2}){1,20}$/);
const certificate = z.base64().max(MAX_LINE_BYTES);

const eventSchema: z.ZodType<JournalEvent> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('init'), root: certificate }),
  z.strictObject({
    type: z.literal('issue'),
    profile: z.literal('intermediary'),
    serial,
    certificate,
    key: z.enum(['generated', 'requested']),
    evidence_sha256: hash.exactOptional(),
  }),
  z.strictObject({ type: z.literal('revoke'), serial, reason: z.enum(REVOCATION_REASONS) }),
  z.strictObject({ type: z.literal('crl'), number: z.int().min(1), sha256: hash }),
  z.strictObject({
    type: z.literal('rotate'),
    step: z.enum(ROTATION_STEPS),
    serial,
    previous: serial,
  }),
]);

const entrySchema: z.ZodType<JournalEntry> = z.strictObject({
  seq: z.int().min(0),
  time: z.iso.datetime({ precision: 3 }),
  prev: hash,
  event: eventSchema,
});

/**
 * The line of an entry, without its line break: canonical JSON, so that there is one spelling to hash.
 *
 * @param entry - what happened
 */
export function journalLine(entry: JournalEntry): string {
  return canonicalJson(entry);
}

/**
 * What the next line has as its `prev`.
 *
 * @param line - a line without its line break
 */
export function journalHash(line: string): string {
  return toHex(sha256(new TextEncoder().encode(line)));
}

/**
 * Reads one line.
 *
 * @param bytes - the line without its line break
 * @returns the entry
 * @throws CaError `ERR_CA_JOURNAL_INVALID` unless it is exactly what {@link journalLine} would write
 */
export function parseJournalLine(bytes: Uint8Array): JournalEntry {
  try {
    const text = fromUtf8(bytes);
    const entry = entrySchema.parse(JSON.parse(text));
    if (journalLine(entry) !== text) throw new Error('it is not in canonical form');
    return entry;
  } catch (cause) {
    throw new CaError('ERR_CA_JOURNAL_INVALID', 'a line of the journal cannot be read', { cause });
  }
}
