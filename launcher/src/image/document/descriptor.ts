// SPDX-License-Identifier: Apache-2.0
import { isDigest } from '../digest.ts';
import { asObject, type JsonObject } from './json-object.ts';
import { refused } from '../image-refusal.ts';
import type { Descriptor } from '../verified-image.ts';

const DESCRIPTOR_FIELDS = ['mediaType', 'digest', 'size', 'urls', 'platform'] as const;

/**
 * Reads what points to a blob (OCI image-spec, descriptor.md).
 *
 * @param value - the JSON value
 * @param what - names it in messages
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when it is malformed, has another kind of digest, or sends the
 *   reader elsewhere
 */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  const descriptor = asObject(value, what, DESCRIPTOR_FIELDS);
  const { mediaType, digest, size } = descriptor;
  if (typeof mediaType !== 'string') throw malformed(what, 'mediaType', 'text', mediaType);
  if (!isDigest(digest)) throw malformed(what, 'digest', 'sha256: and 64 hex digits', digest);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) {
    throw malformed(what, 'size', 'a number of bytes', size);
  }
  refuseOtherPlaces(descriptor, what);
  return { mediaType, digest, size };
}

/** Whoever follows `urls` asks hosts that the image's author chose, from inside the VM. */
function refuseOtherPlaces({ urls }: JsonObject, what: string): void {
  if (urls === undefined || (Array.isArray(urls) && urls.length === 0)) return;
  throw refused(`${what} is to be fetched from other places`, {
    expected: 'everything in the registry that the reference names',
    seen: 'a descriptor with urls',
    hint: 'push the layer itself to the registry',
  });
}

function malformed(what: string, field: string, expected: string, seen: unknown): Error {
  return refused(`${what} has an unreadable ${field}`, {
    expected,
    seen: (JSON.stringify(seen) ?? 'nothing').slice(0, 100),
  });
}
