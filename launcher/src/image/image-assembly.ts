// SPDX-License-Identifier: Apache-2.0
import { chainIds } from './document/chain-id.ts';
import { parseImageConfig, type ImageConfigDocument } from './document/image-config.ts';
import { parseImageDocument, type ImageDocument } from './document/image-manifest.ts';
import { choosePlatform } from './document/platform-choice.ts';
import { digestOf } from './digest.ts';
import type { ImageLimits } from './image-limits.ts';
import type { ImageLocation } from './image-location.ts';
import { mismatch, refused, tooLarge } from './image-refusal.ts';
import type { LayerFacts } from './layer/layer-check.ts';
import type { Descriptor, VerifiedDocument, VerifiedImage } from './verified-image.ts';

type Manifest = Extract<ImageDocument, { readonly kind: 'manifest' }>;

/** Fetches documents, from wherever; what it returns has not been verified. */
export interface DocumentReader {
  manifest(digest: string): Promise<Uint8Array>;
  config(descriptor: Descriptor): Promise<Uint8Array>;
}

/** All documents of an image, each of which has the digest that the one before it names. */
export interface ImageDocuments {
  readonly documents: readonly VerifiedDocument[];
  readonly manifestDocument: VerifiedDocument;
  readonly manifest: Manifest;
  readonly configDocument: VerifiedDocument;
  readonly config: ImageConfigDocument;
}

/**
 * Reads an image from its pin to its configuration, and checks everything that can be checked without its layers.
 *
 * @param architecture - of this machine, as images name it
 * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH, ERR_LAUNCHER_IMAGE_REFUSED, ERR_LAUNCHER_IMAGE_TOO_LARGE;
 *   whatever the reader throws
 */
export async function readImageDocuments(
  location: ImageLocation,
  reader: DocumentReader,
  options: { readonly architecture: string; readonly limits: ImageLimits },
): Promise<ImageDocuments> {
  const { reference, pin } = location;
  const { architecture } = options;
  const documents: VerifiedDocument[] = [];
  const read = async (digest: string, what: string): Promise<ImageDocument> => {
    const bytes = await reader.manifest(digest);
    requireDigest(bytes, digest, what);
    const document = parseImageDocument(bytes, what);
    documents.push({ mediaType: document.mediaType, digest, size: bytes.length, bytes });
    return document;
  };
  let manifest = await read(pin, `image ${reference}`);
  if (manifest.kind === 'index') {
    const child = choosePlatform(manifest.manifests, architecture, `image ${reference}`);
    manifest = await read(child.digest, `manifest of ${reference}`);
    requireChild(child, manifest, documents.at(-1));
  }
  const manifestDocument = documents.at(-1);
  if (manifest.kind === 'index' || manifestDocument === undefined) {
    throw refused(`index ${reference} leads to another index`, { expected: 'a manifest' });
  }
  refuseLargeLayers(manifest, reference, options.limits);
  const bytes = await reader.config(manifest.config);
  requireDescribed(bytes, manifest.config, `configuration of ${reference}`);
  const layers = manifest.layers.length;
  const config = parseImageConfig(bytes, { layers, architecture, what: `image ${reference}` });
  const configDocument = { ...manifest.config, bytes };
  return { documents, manifestDocument, manifest, configDocument, config };
}

/** Digests of everything that an image consists of. */
export function digestsOf({
  documents,
  configDocument,
  manifest,
}: ImageDocuments): readonly string[] {
  const all = [...documents, configDocument, ...manifest.layers];
  return [...new Set(all.map(({ digest }) => digest))];
}

/**
 * Puts an image together.
 *
 * @param facts - what its layers are, in their order
 * @param pathOf - where a blob is
 * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH when a layer is not the one that the configuration names;
 *   ERR_LAUNCHER_IMAGE_TOO_LARGE
 */
export function assembleImage(
  location: ImageLocation,
  read: ImageDocuments,
  facts: readonly LayerFacts[],
  options: { readonly limits: ImageLimits; readonly pathOf: (digest: string) => string },
): VerifiedImage {
  const { diffIds, config } = read.config;
  const chain = chainIds(diffIds);
  const layers = read.manifest.layers.map(({ compression, mediaType, digest, size }, at) => {
    const fact = facts[at];
    const chainId = chain[at];
    if (fact === undefined || chainId === undefined) throw new TypeError('facts are missing');
    requireDiffId(location, read, digest, fact.diffId);
    const { diffId, unpackedSize } = fact;
    const descriptor = { mediaType, digest, size };
    return { descriptor, compression, diffId, chainId, unpackedSize, file: options.pathOf(digest) };
  });
  refuseLargeImage(facts, location.reference, options.limits);
  return {
    reference: location.reference,
    pin: location.pin,
    documents: read.documents,
    manifest: read.manifestDocument,
    configDocument: read.configDocument,
    config,
    layers,
  };
}

/**
 * Refuses a layer that unpacks to something else than the configuration names at its place, or places.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH
 */
export function requireDiffId(
  location: ImageLocation,
  { manifest, config }: ImageDocuments,
  layer: string,
  seen: string,
): void {
  for (const [at, { digest }] of manifest.layers.entries()) {
    const expected = config.diffIds[at] ?? 'no layer';
    if (digest !== layer || seen === expected) continue;
    throw mismatch(`layer ${String(at)} of image ${location.reference} unpacks to something else`, {
      expected,
      seen,
    });
  }
}

function refuseLargeImage(
  facts: readonly LayerFacts[],
  reference: string,
  limits: ImageLimits,
): void {
  const size = facts.reduce((sum, { unpackedSize }) => sum + unpackedSize, 0);
  if (size > limits.maxImageBytes) {
    throw tooLarge(`image ${reference} unpacks to too many bytes`, limits.maxImageBytes, size);
  }
  const entries = facts.reduce((sum, { findings }) => sum + findings.entries, 0);
  if (entries > limits.maxEntries) {
    throw tooLarge(`image ${reference} has too many files`, limits.maxEntries, entries);
  }
}

/** Before a byte of them has been asked for. */
function refuseLargeLayers(manifest: Manifest, reference: string, limits: ImageLimits): void {
  const size = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (size > limits.maxImageBytes) {
    throw tooLarge(`image ${reference} has too many bytes`, limits.maxImageBytes, size);
  }
}

function requireChild(
  child: Descriptor,
  manifest: ImageDocument,
  found: VerifiedDocument | undefined,
): void {
  if (found !== undefined) requireDescribed(found.bytes, child, 'manifest');
  if (manifest.mediaType === child.mediaType) return;
  throw mismatch('manifest has another media type than its index says', {
    expected: child.mediaType,
    seen: manifest.mediaType,
  });
}

function requireDescribed(bytes: Uint8Array, descriptor: Descriptor, what: string): void {
  if (bytes.length !== descriptor.size) {
    throw mismatch(`${what} has another size`, {
      expected: String(descriptor.size),
      seen: String(bytes.length),
    });
  }
  requireDigest(bytes, descriptor.digest, what);
}

function requireDigest(bytes: Uint8Array, expected: string, what: string): void {
  const seen = digestOf(bytes);
  if (seen !== expected) throw mismatch(`${what} has another digest`, { expected, seen });
}
