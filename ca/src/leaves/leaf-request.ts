// SPDX-License-Identifier: Apache-2.0
import type { ExtensionValue } from '@proofgate/evidence';
import type { LeafPurpose } from './leaf-profile.ts';

/** What a leaf is asked for. */
export interface LeafRequest {
  /** The leaf key as DER SubjectPublicKeyInfo: 91 bytes, uncompressed P-256. */
  readonly spki: Uint8Array;
  /** Host names and IP address literals, the most important first. */
  readonly names: readonly string[];
  /** The start of validity, a whole minute in UTC, because the report data of a quote covers its text. */
  readonly notBefore: Date;
  /** Milliseconds of validity; what the profile allows at most unless given. */
  readonly lifetimeMs?: number;
  /** Evidence and configuration, raw values. */
  readonly extensions: readonly ExtensionValue[];
  /** Whether the leaf answers connections or opens them. */
  readonly purpose: LeafPurpose;
}

const MINUTE_MS = 60_000;

/**
 * The start of the minute, which is the `notBefore` of an RA-TLS v1 leaf in deterministic mode.
 *
 * @param at - any moment
 */
export function startOfMinute(at: Date): Date {
  return new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS);
}
