// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { appIdField, base64Field, hexField, oidField } from './encoded-fields.ts';

/** The enclaves that a workload calls, or that may call it (extension `dependencies` of RA-TLS v1). */
export interface DependencySet {
  readonly entries: readonly DependencyEntry[];
}

/** One peer: any of its measurements, with all of its required extensions. */
export interface DependencyEntry {
  /** 32 lower-case hex digits, or empty: any application. */
  readonly app_id: string;
  readonly measurements: readonly DependencyMeasurement[];
  readonly required_oids: readonly RequiredOid[];
  /** SHA-256 in lower-case hex of the identity that the peer folds its own dependencies into. */
  readonly folded_identity?: string;
}

/** A measurement in lower-case hex: MRENCLAVE, or the three TDX registers that v1 compares. */
export type DependencyMeasurement =
  | { readonly sgx: string }
  | { readonly tdx: { readonly mrtd: string; readonly rtmr1: string; readonly rtmr2: string } };

/** An extension that a peer's certificate must carry; the member names are those of RA-TLS v1. */
export interface RequiredOid {
  readonly OID: string;
  /** Base64 of the extension's exact value. */
  readonly ExpectedValue: string;
}

/** Entries of one set: each costs a comparison for every connection of a peer. */
export const MAX_DEPENDENCY_ENTRIES = 256;
/** Measurements or extensions of one entry: one for each version of a peer that is still in use. */
export const MAX_DEPENDENCY_ALTERNATIVES = 64;
/** Base64 text of an expected value: extensions of the registry are 32 bytes or a short text. */
export const MAX_EXPECTED_VALUE_LENGTH = 65_536;

const measurementSchema = z.union(
  [
    z.strictObject({ sgx: hexField(32) }),
    z.strictObject({
      tdx: z.strictObject({ mrtd: hexField(48), rtmr1: hexField(48), rtmr2: hexField(48) }),
    }),
  ],
  {
    error: 'expected { sgx: <64 hex> } or { tdx: { mrtd, rtmr1, rtmr2 } } with 96 hex digits each',
  },
);

const requiredOidSchema = z.strictObject({
  OID: oidField(),
  ExpectedValue: base64Field(MAX_EXPECTED_VALUE_LENGTH),
});

const entrySchema = z.strictObject({
  app_id: z.union([z.literal(''), appIdField()], {
    error: 'expected a UUID, 32 hex digits or nothing',
  }),
  measurements: z.array(measurementSchema).max(MAX_DEPENDENCY_ALTERNATIVES),
  required_oids: z.array(requiredOidSchema).max(MAX_DEPENDENCY_ALTERNATIVES).default([]),
  folded_identity: hexField(32).exactOptional(),
});

/** Schema of {@link DependencySet}. */
export const dependencySetSchema: z.ZodType<DependencySet, unknown> = z.strictObject({
  entries: z.array(entrySchema).max(MAX_DEPENDENCY_ENTRIES),
});
