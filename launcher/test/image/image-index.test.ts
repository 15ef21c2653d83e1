// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  ARCHITECTURE,
  buildImage,
  DOCKER,
  OCI,
  type ImageInput,
  type JsonObject,
} from '../../../test/containers/support/oci-image.ts';
import {
  noSignal,
  refusalBeforeLayers,
  refusalOf,
  testRegistry,
  testStore,
} from './store-stage.ts';

const MISMATCH = 'ERR_LAUNCHER_IMAGE_MISMATCH';
const REFUSED = 'ERR_LAUNCHER_IMAGE_REFUSED';
const TOO_LARGE = 'ERR_LAUNCHER_IMAGE_TOO_LARGE';

type Change = (document: JsonObject) => unknown;

const layers: ImageInput['layers'] = [{ entries: [{ name: 'a', content: 'a' }] }];

describe('an index', () => {
  const entries = (index: JsonObject): JsonObject[] => index['manifests'] as JsonObject[];
  const ours = (index: JsonObject): JsonObject => entries(index)[1]!;
  const withOurs = (index: JsonObject, ...manifests: unknown[]): JsonObject => ({
    ...index,
    manifests,
  });
  const onPlatform = (index: JsonObject, platform: unknown): JsonObject =>
    withOurs(index, { ...ours(index), platform });
  const native = { os: 'linux', architecture: ARCHITECTURE };
  const base = ARCHITECTURE === 'arm64' ? 'v8' : 'v1';

  test.each<[string, Change]>([
    ['without media type', ({ mediaType: _, ...rest }) => rest],
    ['with the base variant', (index) => onPlatform(index, { ...native, variant: base })],
    [
      'with attestations',
      (index) =>
        withOurs(
          index,
          { ...ours(index), platform: { os: 'unknown', architecture: 'unknown' } },
          ours(index),
        ),
    ],
    ['with artifacts', (index) => withOurs(index, { mediaType: 'text/plain' }, ours(index))],
    [
      'with the better variant first',
      (index) =>
        withOurs(
          index,
          {
            ...ours(index),
            digest: `sha256:${'0'.repeat(64)}`,
            platform: { ...native, variant: 'v9' },
          },
          ours(index),
        ),
    ],
  ])('is accepted %s', async (_, changeIndex) => {
    expect(await refusalBeforeLayers({ layers, index: true, changeIndex })).toBeUndefined();
  });

  test.each<[string, Change, string]>([
    [
      'with the media type of a manifest',
      (index) => ({ ...index, mediaType: OCI.manifest }),
      REFUSED,
    ],
    ['with manifests that are no list', (index) => ({ ...index, manifests: {} }), REFUSED],
    [
      'with too many manifests',
      (index) => withOurs(index, ...Array.from({ length: 257 }, () => ours(index))),
      TOO_LARGE,
    ],
    ['with none', (index) => withOurs(index), REFUSED],
    [
      'for other machines',
      (index) => onPlatform(index, { os: 'linux', architecture: 's390x' }),
      REFUSED,
    ],
    [
      'for another system',
      (index) => onPlatform(index, { os: 'windows', architecture: ARCHITECTURE }),
      REFUSED,
    ],
    ['for newer machines', (index) => onPlatform(index, { ...native, variant: 'v9' }), REFUSED],
    ['without platforms', (index) => onPlatform(index, undefined), REFUSED],
    ['with a platform that is text', (index) => onPlatform(index, 'linux/amd64'), REFUSED],
    ['of indexes', (index) => withOurs(index, { ...ours(index), mediaType: OCI.index }), REFUSED],
    ['with another size', (index) => withOurs(index, { ...ours(index), size: 1 }), MISMATCH],
    [
      'with another media type',
      (index) => withOurs(index, { ...ours(index), mediaType: DOCKER.manifest }),
      MISMATCH,
    ],
    [
      'that leads elsewhere',
      (index) => withOurs(index, { ...ours(index), urls: ['https://example.com'] }),
      REFUSED,
    ],
    [
      'whose manifest is not there',
      (index) => withOurs(index, { ...ours(index), digest: `sha256:${'0'.repeat(64)}` }),
      'ERR_LAUNCHER_IMAGE_NOT_FOUND',
    ],
  ])('is refused %s', async (_, changeIndex, code) => {
    expect(await refusalBeforeLayers({ layers, index: true, changeIndex })).toBe(code);
  });

  test('is refused when it leads to an index', async () => {
    const inner = buildImage({ layers, index: true });
    const outer = buildImage({
      layers,
      index: true,
      changeIndex: (index) =>
        withOurs(index, { ...ours(index), digest: inner.pin, size: inner.index!.size }),
    });
    const registry = await testRegistry();
    registry.add('app', inner);
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', outer), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(MISMATCH);
  });
});
