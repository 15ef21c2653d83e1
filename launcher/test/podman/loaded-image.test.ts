// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  archivedLayers,
  documentMismatch,
  hasVerifiedLayers,
  loadedImageOf,
} from '../../src/podman/loaded-image.ts';
import { testImage } from './test-image.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const IMAGE = testImage(['one', 'two', 'three']);
const [ONE, TWO, THREE] = IMAGE.layers.map(({ diffId }) => diffId.slice(7)) as [
  string,
  string,
  string,
];
const LOW = ONE;
const MIDDLE = sha256(`${LOW}+${TWO}`);
const TOP = sha256(`${MIDDLE}+${THREE}`);

function answer(fields: object = {}): Record<string, unknown> {
  return {
    Id: IMAGE.configDocument.digest.slice(7),
    Digest: IMAGE.manifest.digest,
    GraphDriver: {
      Name: 'overlay',
      Data: {
        LowerDir: `/s/overlay/${MIDDLE}/diff:/s/overlay/${LOW}/diff`,
        UpperDir: `/s/overlay/${TOP}/diff`,
        WorkDir: `/s/overlay/${TOP}/work`,
      },
    },
    // Podman repeats here what the configuration says.
    RootFS: { Layers: IMAGE.layers.map(({ diffId }) => diffId) },
    ...fields,
  };
}

test('the verified image is recognized', () => {
  const loaded = loadedImageOf(answer());
  expect(documentMismatch(IMAGE, loaded)).toBeUndefined();
  expect(hasVerifiedLayers(IMAGE, loaded)).toBe(true);
});

test('another manifest or configuration is not', () => {
  const other = `sha256:${sha256('other')}`;
  expect(documentMismatch(IMAGE, loadedImageOf(answer({ Digest: other })))).toEqual({
    what: 'manifest',
    expected: IMAGE.manifest.digest,
    seen: other,
  });
  expect(documentMismatch(IMAGE, loadedImageOf(answer({ Id: sha256('other') })))).toMatchObject({
    what: 'configuration',
    seen: other,
  });
});

test.each([
  ['another one on top', [sha256('x'), MIDDLE, LOW]],
  ['one less', [TOP, MIDDLE]],
  ['one more', [TOP, MIDDLE, LOW, LOW]],
  ['another order', [TOP, LOW, MIDDLE]],
  ['names of their own hashes', [THREE, TWO, ONE]],
  ['none', []],
])('layers with %s are not the verified ones', (_what, names) => {
  const [top, ...rest] = names.map((name) => `/s/overlay/${name}/diff`);
  const GraphDriver = { Data: { UpperDir: top, LowerDir: rest.join(':') } };
  expect(hasVerifiedLayers(IMAGE, loadedImageOf(answer({ GraphDriver })))).toBe(false);
});

test('a store of another kind proves nothing', () => {
  const loaded = loadedImageOf(answer({ GraphDriver: { Name: 'vfs', Data: null } }));
  expect(hasVerifiedLayers(IMAGE, loaded)).toBe(false);
});

test.each([undefined, null, [], 'x', {}, { Id: 1 }])('%j is not an image', (value) => {
  expect(() => loadedImageOf(value)).toThrowError(
    expect.objectContaining({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' }),
  );
});

test('the manifest of an archive names the layers', () => {
  expect(archivedLayers('[{"Config":"c.json","Layers":["b.tar","a.tar"]}]')).toEqual([
    'b.tar',
    'a.tar',
  ]);
  expect(() => archivedLayers('[]')).toThrow('manifest.json');
  expect(() => archivedLayers('[{"Layers":{}}]')).toThrow('Layers');
});
