// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, sha256, toHex, utf8 } from '@proofgate/evidence';
import { z } from 'zod';
import { FleetError } from '../errors.ts';

/** What is decided or done in a fleet. */
export const AUDIT_ACTIONS = [
  'agent.register',
  'agent.attest',
  'agent.state',
  'agent.approve-key',
  'policy.create',
  'policy.assign',
  'policy.unassign',
] as const;

/** One of {@link AUDIT_ACTIONS}. */
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/**
 * What an entry may say in words. A closed list: whatever else led to a decision is there as a digest alone, so that no
 * secret can get into a log that is never changed.
 */
export const AUDIT_FACTS = [
  'from',
  'to',
  'reason',
  'name',
  'labels',
  'key_sha256',
  'policies',
  'label',
  'mode',
  'failed_check',
] as const;

/** One of {@link AUDIT_FACTS}. */
export type AuditFact = (typeof AUDIT_FACTS)[number];

/** Something that was decided or done. */
export interface AuditEvent {
  /** Who: `key:<sha256>`, `operator:<name>` or `control-plane:<instance>`. */
  readonly actor: string;
  readonly action: AuditAction;
  /** About what: `agent:<id>`, `name:<name>`, `policy:<name>@<version>`. */
  readonly subject: string;
  readonly outcome: 'done' | 'accepted' | 'warned' | 'refused';
  /** Stable, of a refusal or a change of state. */
  readonly code?: string;
  /** What was decided upon: name → SHA-256 in hex. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly facts: Readonly<Partial<Record<AuditFact, string>>>;
}

/** One entry of the log. */
export interface AuditEntry {
  /** 0 for the first. */
  readonly seq: number;
  /** ISO 8601 in UTC, by the clock of the instance that wrote it. */
  readonly time: string;
  /** SHA-256 in hex of the entry before it; zeros in the first. */
  readonly prev: string;
  readonly event: AuditEvent;
}

/** `prev` of the first entry. */
export const NO_ENTRY: string = '0'.repeat(64);

/** Names of people, agents and policies are short. */
const MAX_WORD = 256;
/** Sixteen labels, or a sentence. */
const MAX_FACT = 4_096;

const hash = z.string().regex(/^[0-9a-f]{64}$/u);
const word = z.string().min(1).max(MAX_WORD);

const eventSchema: z.ZodType<AuditEvent> = z.strictObject({
  actor: word,
  action: z.enum(AUDIT_ACTIONS),
  subject: word,
  outcome: z.enum(['done', 'accepted', 'warned', 'refused']),
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{2,80}$/u)
    .exactOptional(),
  inputs: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,40}$/u), hash),
  facts: z.partialRecord(z.enum(AUDIT_FACTS), z.string().max(MAX_FACT)),
});

const entrySchema: z.ZodType<AuditEntry> = z.strictObject({
  seq: z.int().min(0),
  time: z.iso.datetime({ precision: 3 }),
  prev: hash,
  event: eventSchema,
});

/**
 * An entry as it is kept and hashed: canonical JSON, so that there is one spelling.
 *
 * @throws ZodError for an entry that says what it must not, which is a mistake of ours
 */
export function auditLine(entry: AuditEntry): string {
  return canonicalJson(entrySchema.parse(entry));
}

/**
 * What the next entry has as its `prev`.
 *
 * @param line - an entry as it is kept
 */
export function auditHash(line: string): string {
  return toHex(sha256(utf8(line)));
}

/**
 * Reads an entry as it is kept.
 *
 * @throws FleetError `ERR_FLEET_AUDIT_INVALID` unless it is exactly what {@link auditLine} would write
 */
export function parseAuditLine(line: string): AuditEntry {
  try {
    const entry = entrySchema.parse(JSON.parse(line));
    if (auditLine(entry) !== line) throw new Error('it is not in canonical form');
    return entry;
  } catch (cause) {
    throw new FleetError('ERR_FLEET_AUDIT_INVALID', 'an entry of the audit log cannot be read', {
      cause,
    });
  }
}
