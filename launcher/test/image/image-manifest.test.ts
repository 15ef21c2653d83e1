// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  DOCKER,
  OCI,
  type ImageInput,
  type JsonObject,
} from '../../../test/containers/support/oci-image.ts';
import { refusalBeforeLayers } from './store-stage.ts';

const MISMATCH = 'ERR_LAUNCHER_IMAGE_MISMATCH';
const REFUSED = 'ERR_LAUNCHER_IMAGE_REFUSED';
const TOO_LARGE = 'ERR_LAUNCHER_IMAGE_TOO_LARGE';

type Change = (document: JsonObject) => unknown;

const layers: ImageInput['layers'] = [{ entries: [{ name: 'a', content: 'a' }] }];

describe('a manifest', () => {
  test.each<[string, Change]>([
    ['without media type', ({ mediaType: _, ...rest }) => rest],
    ['with annotations', (manifest) => ({ ...manifest, annotations: { a: 'b' }, subject: null })],
    ['with no urls', (manifest) => each(manifest, (layer) => ({ ...layer, urls: [] }))],
    ['of Docker', (manifest) => ({ ...manifest, mediaType: DOCKER.manifest })],
  ])('is accepted %s', async (_, changeManifest) => {
    expect(await refusalBeforeLayers({ layers, changeManifest })).toBeUndefined();
  });

  test.each<[string, Change, string]>([
    ['that is no JSON', () => Buffer.from('{'), REFUSED],
    ['that is not UTF-8', () => Buffer.from([0x22, 0xff, 0x22]), REFUSED],
    ['that is a list', () => [], REFUSED],
    ['that is null', () => null, REFUSED],
    ['of schema version 1', (manifest) => ({ ...manifest, schemaVersion: 1 }), REFUSED],
    ['without schema version', ({ schemaVersion: _, ...rest }) => rest, REFUSED],
    [
      'with the media type of an index',
      (manifest) => ({ ...manifest, mediaType: OCI.index }),
      REFUSED,
    ],
    ['with another media type', (manifest) => ({ ...manifest, mediaType: 'text/plain' }), REFUSED],
    ['with a media type that is no text', (manifest) => ({ ...manifest, mediaType: 1 }), REFUSED],
    ['that is an index, too', (manifest) => ({ ...manifest, manifests: [] }), REFUSED],
    ['that is neither', () => ({ schemaVersion: 2 }), REFUSED],
    ['without configuration', ({ config: _, ...rest }) => rest, REFUSED],
    ['without layers', ({ layers: _, ...rest }) => rest, REFUSED],
    ['with no layers', (manifest) => ({ ...manifest, layers: [] }), REFUSED],
    ['with layers that are no list', (manifest) => ({ ...manifest, layers: {} }), REFUSED],
    ['with a second list of layers', (manifest) => ({ ...manifest, Layers: [] }), REFUSED],
    [
      'of something that is no image',
      (manifest) => onConfig(manifest, { mediaType: 'application/vnd.oci.empty.v1+json' }),
      REFUSED,
    ],
    [
      'whose configuration is elsewhere',
      (manifest) => onConfig(manifest, { urls: ['https://example.com'] }),
      REFUSED,
    ],
    [
      'whose configuration has another size',
      (manifest) => onConfig(manifest, { size: 1 }),
      MISMATCH,
    ],
    [
      'with a layer of another media type',
      (manifest) => each(manifest, (layer) => ({ ...layer, mediaType: 'text/plain' })),
      REFUSED,
    ],
    [
      'with a layer that may not be distributed',
      (manifest) =>
        each(manifest, (layer) => ({
          ...layer,
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        })),
      REFUSED,
    ],
    [
      'with a layer by SHA-512',
      (manifest) => each(manifest, (layer) => ({ ...layer, digest: `sha512:${'a'.repeat(128)}` })),
      REFUSED,
    ],
    [
      'with a digest in upper case',
      (manifest) => each(manifest, (layer) => ({ ...layer, digest: `sha256:${'A'.repeat(64)}` })),
      REFUSED,
    ],
    [
      'with a digest that is a path',
      (manifest) =>
        each(manifest, (layer) => ({ ...layer, digest: `sha256:../../${'a'.repeat(58)}` })),
      REFUSED,
    ],
    [
      'with a layer of size 0',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: 0 })),
      REFUSED,
    ],
    [
      'with a layer of negative size',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: -1 })),
      REFUSED,
    ],
    [
      'with a layer of half a byte',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: 0.5 })),
      REFUSED,
    ],
    [
      'with a size that is text',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: '10' })),
      REFUSED,
    ],
    [
      'with a size beyond all numbers',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: 2 ** 53 })),
      REFUSED,
    ],
    [
      'with a second digest',
      (manifest) => each(manifest, (layer) => ({ ...layer, Digest: 'x' })),
      REFUSED,
    ],
    ['with a layer that is null', (manifest) => each(manifest, () => null), REFUSED],
    [
      'with a layer larger than any disk',
      (manifest) => each(manifest, (layer) => ({ ...layer, size: 2 ** 50 })),
      TOO_LARGE,
    ],
  ])('is refused %s', async (_, changeManifest, code) => {
    expect(await refusalBeforeLayers({ layers, changeManifest })).toBe(code);
  });
});

function each(manifest: JsonObject, change: Change): JsonObject {
  return { ...manifest, layers: (manifest['layers'] as JsonObject[]).map(change) };
}

function onConfig(manifest: JsonObject, fields: JsonObject): JsonObject {
  return { ...manifest, config: { ...(manifest['config'] as JsonObject), ...fields } };
}
