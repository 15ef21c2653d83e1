// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from 'node:zlib';
import { buildImage, type BuiltImage, type LayerInput } from './oci-image.ts';
import type { OciRegistry } from './oci-registry.ts';
import { tarOf, type LayerEntry } from './oci-tar.ts';
import { zstdBomb } from './oci-zstd.ts';

/** An image that somebody made, or a registry serves, to do harm. */
export interface HostileImage {
  readonly name: string;
  /** Code of the launcher's refusal; `undefined` when the image is accepted, and an engine has to contain it. */
  readonly refusal: string | undefined;
  /** Puts it into a registry and returns its reference. */
  serve(registry: OciRegistry): string;
}

/** What makes an image run at all: the layers at the bottom, such as busybox. */
export interface HostileImageBase {
  readonly layers: readonly LayerInput[];
}

const MISMATCH = 'ERR_LAUNCHER_IMAGE_MISMATCH';
const REFUSED = 'ERR_LAUNCHER_IMAGE_REFUSED';
const TOO_LARGE = 'ERR_LAUNCHER_IMAGE_TOO_LARGE';

const MIB = 1024 ** 2;
/** Size that bombs unpack to. */
const BOMB_BYTES = 2 * 1024 ** 3;
/** One more than overlay file systems stack, and then some. */
const TOO_MANY_LAYERS = 151;

/** Every kind of hostile image, on top of layers that run. */
export function hostileImages(base: HostileImageBase): readonly HostileImage[] {
  const withLayer = (layer: LayerInput): BuiltImage =>
    buildImage({ layers: [...base.layers, layer], run: { Cmd: ['/bin/sh'], User: '10001' } });
  const withEntry = (...entries: readonly LayerEntry[]): BuiltImage => withLayer({ entries });
  return [
    ...lyingRegistries(withEntry),
    ...lyingDocuments(base),
    ...hostileLayers(withEntry, withLayer),
  ];
}

type WithEntry = (...entries: readonly LayerEntry[]) => BuiltImage;

/** The image is sound; what the registry sends is not. */
function lyingRegistries(withEntry: WithEntry): readonly HostileImage[] {
  const image = withEntry({ name: 'hello', content: 'x'.repeat(5_000) });
  const layer = image.layers.at(-1)!;
  const served =
    (act: (registry: OciRegistry) => void) =>
    (registry: OciRegistry): string => {
      act(registry);
      return registry.add('hostile', image);
    };
  const flipped = (digest: string) =>
    served((registry) => {
      registry.fail(digest, { kind: 'bytes', change: flipBit });
    });
  return [
    { name: 'manifest with a flipped bit', refusal: MISMATCH, serve: flipped(image.pin) },
    {
      name: 'configuration with a flipped bit',
      refusal: MISMATCH,
      serve: flipped(image.config.digest),
    },
    { name: 'layer with a flipped bit', refusal: MISMATCH, serve: flipped(layer.digest) },
    {
      name: 'layer that is another one',
      refusal: MISMATCH,
      serve: served((registry) => {
        registry.fail(layer.digest, { kind: 'bytes', change: () => otherLayer(layer.size) });
      }),
    },
    {
      name: 'layer whose connection always breaks',
      refusal: 'ERR_LAUNCHER_REGISTRY_UNAVAILABLE',
      serve: served((registry) => {
        registry.fail(layer.digest, { kind: 'cut', after: 0 });
      }),
    },
  ];
}

/** The documents are what their digests say, and say something wrong. */
function lyingDocuments(base: HostileImageBase): readonly HostileImage[] {
  const layers = [...base.layers, { entries: [{ name: 'hello', content: 'hello' }] }];
  const other = `sha256:${'7'.repeat(64)}`;
  const image = (
    name: string,
    refusal: string,
    input: Parameters<typeof buildImage>[0],
  ): HostileImage => ({
    name,
    refusal,
    serve: (registry) => registry.add('hostile', buildImage(input)),
  });
  const resized = (by: number): HostileImage =>
    image(`layer ${by < 0 ? 'larger' : 'smaller'} than its descriptor says`, MISMATCH, {
      layers,
      changeManifest: (manifest) => ({
        ...manifest,
        layers: mapLast(manifest['layers'], (layer) => ({
          ...layer,
          size: Number(layer['size']) + by,
        })),
      }),
    });
  return [
    image('diff_id that is not the layer', MISMATCH, {
      layers,
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: [...layers.slice(1).map(() => other), other] },
      }),
    }),
    resized(1),
    resized(-1),
    {
      name: 'layer to be fetched from a URL',
      refusal: REFUSED,
      serve: (registry) =>
        registry.add(
          'hostile',
          buildImage({
            layers,
            changeManifest: (manifest) => ({
              ...manifest,
              layers: mapLast(manifest['layers'], (layer) => ({
                ...layer,
                mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
                urls: [`${registry.url}/internal`],
              })),
            }),
          }),
        ),
    },
    image(`${String(TOO_MANY_LAYERS)} layers`, TOO_LARGE, {
      layers: Array.from({ length: TOO_MANY_LAYERS }, (_, at) => ({
        entries: [{ name: `file${String(at)}`, content: String(at) }],
      })),
    }),
  ];
}

/** The bytes are what everybody says they are. */
function hostileLayers(
  withEntry: WithEntry,
  withLayer: (layer: LayerInput) => BuiltImage,
): readonly HostileImage[] {
  const image = (
    name: string,
    refusal: string | undefined,
    built: () => BuiltImage,
  ): HostileImage => ({
    name,
    refusal,
    serve: (registry) => registry.add('hostile', built()),
  });
  return [
    image('name with ..', REFUSED, () => withEntry({ name: '../../pwned', content: 'x' })),
    image('absolute name', undefined, () => withEntry({ name: '/pwned-absolute', content: 'x' })),
    image('file behind an absolute symbolic link', undefined, () =>
      withEntry(
        { name: 'way-out', type: 'symlink', target: '/tmp' },
        { name: 'way-out/pwned-symlink', content: 'x' },
      ),
    ),
    image('hard link to a file outside', REFUSED, () =>
      withEntry({ name: 'hostname', type: 'link', target: '../../../../etc/hostname' }),
    ),
    image('device node', REFUSED, () =>
      withEntry({ name: 'etc/disk', type: 'block-device', device: [254, 0], mode: 0o666 }),
    ),
    image('device node where the container has devices of its own', undefined, () =>
      withEntry({ name: 'dev/mem', type: 'character-device', device: [1, 1], mode: 0o666 }),
    ),
    image('setuid program', undefined, () =>
      withEntry({ name: 'bin/become-root', content: '#!/bin/sh\nid\n', mode: 0o4755 }),
    ),
    image('whiteout of the directory above', REFUSED, () => withEntry({ name: 'etc/.wh...' })),
    image('sparse file without end', REFUSED, () =>
      withLayer({
        tar: tarOf([{ name: 'x', type: 'pax', content: '22 GNU.sparse.major=1\n' }, { name: 'x' }]),
      }),
    ),
    image('gzip bomb', TOO_LARGE, () => withLayer(gzipBomb())),
    image('zstd bomb', TOO_LARGE, () => withLayer(zstdBombLayer())),
  ];
}

/** Some 2 MB that unpack to 2 GiB: a header, and then the same member again and again. */
function gzipBomb(): LayerInput {
  const part = gzipSync(Buffer.alloc(16 * MIB));
  const parts = Array.from({ length: BOMB_BYTES / (16 * MIB) }, () => part);
  return { tar: Buffer.alloc(0), blob: Buffer.concat([gzipSync(bombHeader()), ...parts]) };
}

function zstdBombLayer(): LayerInput {
  return {
    tar: Buffer.alloc(0),
    blob: zstdBomb(bombHeader(), BOMB_BYTES),
    compression: 'zstd',
  };
}

/** Of a file of zeros. */
function bombHeader(): Buffer {
  return tarOf([{ name: 'zeros', claimedSize: BOMB_BYTES }]).subarray(0, 512);
}

/** Another layer that is sound in itself, as far as the size allows. */
function otherLayer(size: number): Buffer {
  const layer = buildImage({ layers: [{ entries: [{ name: 'other', content: 'other' }] }] })
    .layers[0]!;
  return Buffer.concat([layer.bytes, Buffer.alloc(size)]).subarray(0, size);
}

/** In the middle. */
function flipBit(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  const at = flipped.length >> 1;
  flipped[at] = flipped[at]! ^ 1;
  return flipped;
}

function mapLast(
  list: unknown,
  change: (value: Record<string, unknown>) => Record<string, unknown>,
): unknown {
  const values = list as Record<string, unknown>[];
  return values.map((value, at) => (at === values.length - 1 ? change(value) : value));
}
