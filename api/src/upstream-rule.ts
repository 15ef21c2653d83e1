// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod';
import { ApiError } from './errors.ts';
import { describeRefusal } from './text-fields.ts';
import { parseUpstream, type HostMode } from './upstream.ts';

/**
 * A refinement of an object with `upstream` and `mode`: whether the one can serve the other.
 *
 * @param field where the upstream stands
 */
export function checkUpstream(
  { upstream, mode }: { readonly upstream: string; readonly mode: HostMode },
  context: z.RefinementCtx,
  field: string = 'upstream',
): void {
  try {
    parseUpstream(upstream, mode);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    context.addIssue({ code: 'custom', path: [field], message: describeRefusal(error) });
  }
}
