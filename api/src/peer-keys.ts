// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** A key that tokens about peers are signed with, as a JSON Web Key (RFC 7517). */
export interface PeerKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  /** Thumbprint of the key (RFC 7638). */
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'ES256';
}

/** Answer to `GET /v1/peer-keys`: a JSON Web Key Set. */
export interface PeerKeySet {
  readonly keys: readonly PeerKey[];
}

/** 32 bytes in base64url: a coordinate, or a SHA-256. */
const bytes32 = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, { error: 'expected 32 bytes in base64url' });

/** Schema of {@link PeerKeySet}. */
export const peerKeySetSchema: z.ZodType<PeerKeySet, unknown> = z.strictObject({
  keys: z.array(
    z.strictObject({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: bytes32,
      y: bytes32,
      kid: bytes32,
      use: z.literal('sig'),
      alg: z.literal('ES256'),
    }),
  ),
});
