// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { LABEL_PATTERN } from '../hostname.ts';

/** A container that a token may load or work on. */
export interface AllowedContainer {
  readonly name: string;
  /** `sha256:` and 64 lower-case hex digits: the pin of its image. */
  readonly digest: string;
}

/** More would not fit into a header. */
const MAX_ALLOWED_CONTAINERS = 256;

/** Schema of the claim `containers`, which limits a token to some containers; an empty list allows none. */
export const containersClaimSchema: z.ZodType<readonly AllowedContainer[], unknown> = z
  .array(
    z.strictObject({
      name: z.string().regex(LABEL_PATTERN),
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    }),
  )
  .max(MAX_ALLOWED_CONTAINERS);
