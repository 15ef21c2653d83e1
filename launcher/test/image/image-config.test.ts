// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  buildImage,
  type ImageInput,
  type JsonObject,
} from '../../../test/containers/support/oci-image.ts';
import { noSignal, refusalBeforeLayers, testRegistry, testStore } from './store-stage.ts';

const MISMATCH = 'ERR_LAUNCHER_IMAGE_MISMATCH';
const REFUSED = 'ERR_LAUNCHER_IMAGE_REFUSED';

type Change = (document: JsonObject) => unknown;

const layers: ImageInput['layers'] = [{ entries: [{ name: 'a', content: 'a' }] }];

describe('a configuration', () => {
  const onRun = (config: JsonObject, run: unknown): JsonObject => ({ ...config, config: run });
  const other = `sha256:${'0'.repeat(64)}`;

  test('may leave everything out', async () => {
    const image = await pull({
      layers,
      changeConfig: ({ config: _, history: __, ...rest }) => rest,
    });
    expect(image.config).toEqual({
      entrypoint: [],
      cmd: [],
      env: [],
      user: '',
      workingDir: '',
      stopSignal: undefined,
      labels: {},
      volumes: [],
    });
  });

  test('may have null for anything', async () => {
    const names = [
      'Entrypoint',
      'Cmd',
      'Env',
      'User',
      'WorkingDir',
      'StopSignal',
      'Labels',
      'Volumes',
    ];
    const run = Object.fromEntries(names.map((name) => [name, null]));
    const { config } = await pull({ layers, changeConfig: (config) => onRun(config, run) });
    expect(config.labels).toEqual({});
  });

  test.each<[string, Change, string]>([
    ['for another machine', (config) => ({ ...config, architecture: 's390x' }), REFUSED],
    ['for another system', (config) => ({ ...config, os: 'windows' }), REFUSED],
    ['without layers', ({ rootfs: _, ...rest }) => rest, REFUSED],
    [
      'with layers of another kind',
      (config) => ({ ...config, rootfs: { type: 'x', diff_ids: [] } }),
      REFUSED,
    ],
    [
      'with a diff_id that is none',
      (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: ['x'] } }),
      REFUSED,
    ],
    [
      'with too few layers',
      (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } }),
      MISMATCH,
    ],
    [
      'with too many layers',
      (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [other, other] } }),
      MISMATCH,
    ],
    ['with a second list of layers', (config) => ({ ...config, RootFS: {} }), REFUSED],
    ['that is text', (config) => onRun(config, 'x'), REFUSED],
    ['with a command that is text', (config) => onRun(config, { Cmd: '/bin/sh' }), REFUSED],
    ['with an argument that is a number', (config) => onRun(config, { Cmd: [1] }), REFUSED],
    ['with NUL in an argument', (config) => onRun(config, { Cmd: ['a\0b'] }), REFUSED],
    [
      'with too many arguments',
      (config) => onRun(config, { Cmd: Array.from({ length: 1_025 }, () => 'x') }),
      REFUSED,
    ],
    [
      'with an argument too long',
      (config) => onRun(config, { Cmd: ['x'.repeat(131_072)] }),
      REFUSED,
    ],
    ['with a user that is a number', (config) => onRun(config, { User: 0 }), REFUSED],
    ['with labels that are a list', (config) => onRun(config, { Labels: ['a'] }), REFUSED],
    ['with a label that is a number', (config) => onRun(config, { Labels: { a: 1 } }), REFUSED],
    ['with volumes that are text', (config) => onRun(config, { Volumes: '/data' }), REFUSED],
    ['with a second user', (config) => onRun(config, { User: 'app', user: 'root' }), REFUSED],
  ])('is refused %s', async (_, changeConfig, code) => {
    expect(await refusalBeforeLayers({ layers, changeConfig })).toBe(code);
  });
});

async function pull(input: ImageInput) {
  const registry = await testRegistry();
  const { store } = await testStore();
  return await store.pull(registry.add('app', buildImage(input)), { signal: noSignal() });
}
