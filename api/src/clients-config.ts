// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { Milliseconds } from './duration.ts';
import { durationField, pathField } from './text-fields.ts';

/** How evidence of clients is judged, for the hosts that ask for it. */
export interface ClientsConfig {
  /**
   * `stapled`: what clients send beside their evidence. Otherwise a bundle, a directory of them, or the URL of a PCS or
   * PCCS.
   */
  readonly collateral: string;
  /** PEM file of the roots that have to vouch for clients' certificates, and so for what these say. */
  readonly roots?: string;
  /** How long a client counts as proved; then it shows new evidence, or comes back on a new connection. */
  readonly max_age: Milliseconds;
  /** Also tells upstreams about clients under the names of Enclave OS. */
  readonly privasys_headers: boolean;
}

/** Clients of RA-TLS v2 show evidence every five minutes on a connection that lasts: one of these may be late. */
export const DEFAULT_CLIENT_MAX_AGE = '10m';
/** Below this, a client would do little but prove itself. */
export const MIN_CLIENT_MAX_AGE_MS: Milliseconds = 10_000;
/** As long as an attested certificate may live. */
export const MAX_CLIENT_MAX_AGE_MS: Milliseconds = 86_400_000;

/** Schema of {@link ClientsConfig}. */
export const clientsSchema: z.ZodType<ClientsConfig, unknown> = z.strictObject({
  collateral: pathField().default('stapled'),
  roots: pathField().exactOptional(),
  max_age: durationField({
    minMs: MIN_CLIENT_MAX_AGE_MS,
    maxMs: MAX_CLIENT_MAX_AGE_MS,
  }).prefault(DEFAULT_CLIENT_MAX_AGE),
  privasys_headers: z.boolean().default(false),
});
