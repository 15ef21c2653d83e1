// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '@proofgate/evidence';
import type { Fetch, FetchResponse } from '@proofgate/verifier';

/** A key with its certificate chain has some 6 KB; a set has a handful of them. */
const MAX_KEY_SET_BYTES = 256 * 1024;

/**
 * Fetches a key set as `jose` wants it, bounded in size and without redirects.
 *
 * @throws what `fetch` throws, and an error for an answer over the limit
 */
export async function fetchKeySet(
  call: Fetch,
  url: string,
  signal: AbortSignal,
): Promise<Response> {
  const response = await call(url, { redirect: 'error', signal });
  if (response.status !== 200) {
    await response.body?.getReader().cancel();
    throw new Error(`HTTP status ${response.status}`);
  }
  return new Response(await readBody(response));
}

async function readBody({ body }: FetchResponse): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined) {
    const { done, value = new Uint8Array() } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_KEY_SET_BYTES) {
      await reader.cancel();
      throw new Error(`answer is over ${MAX_KEY_SET_BYTES} bytes`);
    }
    parts.push(value);
  }
  return new Uint8Array(concatBytes(...parts));
}
