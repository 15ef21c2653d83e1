// SPDX-License-Identifier: Apache-2.0
import { parseDescriptor } from './descriptor.ts';
import { MAX_INDEX_MANIFESTS, MAX_LAYERS } from '../image-limits.ts';
import { refused, tooLarge } from '../image-refusal.ts';
import { asObject, parseDocument, type JsonObject } from './json-object.ts';
import { CONFIG_TYPES, INDEX_TYPES, LAYER_COMPRESSION, MANIFEST_TYPES } from './media-types.ts';
import type { Descriptor, LayerCompression } from '../verified-image.ts';

/** A layer as a manifest names it. */
export interface LayerEntry extends Descriptor {
  readonly compression: LayerCompression;
}

/** One manifest of an index. */
export interface PlatformEntry extends Descriptor {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** What a pin can name. */
export type ImageDocument =
  | {
      readonly kind: 'index';
      readonly mediaType: string;
      readonly manifests: readonly PlatformEntry[];
    }
  | {
      readonly kind: 'manifest';
      readonly mediaType: string;
      readonly config: Descriptor;
      /** Bottom first. */
      readonly layers: readonly LayerEntry[];
    };

const DOCUMENT_FIELDS = ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests'] as const;
const PLATFORM_FIELDS = ['os', 'architecture', 'variant'] as const;

/**
 * Reads an index or manifest, whose bytes the caller has verified, and checks everything that can be checked before
 * anything else is fetched.
 *
 * @param bytes - the document
 * @param what - names it in messages
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED, ERR_LAUNCHER_IMAGE_TOO_LARGE
 */
export function parseImageDocument(bytes: Uint8Array, what: string): ImageDocument {
  const document = asObject(parseDocument(bytes, what), what, DOCUMENT_FIELDS);
  if (document['schemaVersion'] !== 2) {
    throw refused(`${what} has another schema version`, {
      expected: '2',
      seen: String(document['schemaVersion']),
    });
  }
  const isIndex = isIndexShape(document, what);
  const mediaType = mediaTypeOf(document, isIndex, what);
  return isIndex ? readIndex(document, mediaType, what) : readManifest(document, mediaType, what);
}

/** A document that can be read as both was made to be read differently by different programs (CVE-2021-41190). */
function isIndexShape(document: JsonObject, what: string): boolean {
  const isIndex = document['manifests'] !== undefined;
  const isManifest = document['config'] !== undefined || document['layers'] !== undefined;
  if (isIndex === isManifest) {
    throw refused(`${what} is neither an index nor a manifest of an image`, {
      expected: 'either manifests, or config and layers',
      seen: isIndex ? 'both' : 'neither',
    });
  }
  return isIndex;
}

function mediaTypeOf(document: JsonObject, isIndex: boolean, what: string): string {
  const accepted = isIndex ? INDEX_TYPES : MANIFEST_TYPES;
  // OCI documents need not repeat it.
  const mediaType = document['mediaType'] ?? accepted[0];
  if (typeof mediaType === 'string' && accepted.includes(mediaType)) return mediaType;
  throw refused(`${what} has a media type that does not fit`, {
    expected: accepted.join(' or '),
    seen: JSON.stringify(mediaType).slice(0, 100),
  });
}

function readIndex(document: JsonObject, mediaType: string, what: string): ImageDocument {
  const entries = listOf(document['manifests'], `manifests of ${what}`, MAX_INDEX_MANIFESTS);
  const manifests = entries.flatMap((entry, at) => {
    const name = `manifest ${String(at)} of ${what}`;
    const { platform, mediaType: type } = asObject(entry, name, ['platform', 'mediaType']);
    // Indexes list other things, too, such as attestations by the builder; nobody follows them.
    if (platform === undefined || typeof type !== 'string' || !MANIFEST_TYPES.includes(type)) {
      return [];
    }
    return [{ ...parseDescriptor(entry, name), ...readPlatform(platform, name) }];
  });
  return { kind: 'index', mediaType, manifests };
}

function readPlatform(
  value: unknown,
  what: string,
): { os: string; architecture: string; variant: string | undefined } {
  const { os, architecture, variant } = asObject(value, `platform of ${what}`, PLATFORM_FIELDS);
  return {
    os: String(os),
    architecture: String(architecture),
    variant: variant === undefined ? undefined : String(variant),
  };
}

function readManifest(document: JsonObject, mediaType: string, what: string): ImageDocument {
  const config = parseDescriptor(document['config'], `configuration of ${what}`);
  if (!CONFIG_TYPES.includes(config.mediaType)) {
    throw refused(`${what} is no image to run`, {
      expected: CONFIG_TYPES.join(' or '),
      seen: config.mediaType.slice(0, 100),
    });
  }
  const entries = listOf(document['layers'], `layers of ${what}`, MAX_LAYERS);
  const layers = entries.map((entry, at) => readLayer(entry, `layer ${String(at)} of ${what}`));
  if (layers.length === 0) {
    throw refused(`${what} has no layers`, { expected: 'at least 1', seen: '0' });
  }
  return { kind: 'manifest', mediaType, config, layers };
}

function readLayer(value: unknown, what: string): LayerEntry {
  const descriptor = parseDescriptor(value, what);
  const compression = LAYER_COMPRESSION.get(descriptor.mediaType);
  if (compression === undefined) {
    throw refused(`${what} has a media type that is not accepted`, {
      expected: 'a tar archive, plain or compressed with gzip or zstd',
      seen: descriptor.mediaType.slice(0, 100),
    });
  }
  return { ...descriptor, compression };
}

function listOf(value: unknown, what: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw refused(`${what} are not a list`, { expected: 'a list', seen: typeof value });
  }
  if (value.length > max) throw tooLarge(`${what} are too many`, max, value.length);
  return value;
}
