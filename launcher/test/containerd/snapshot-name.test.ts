// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  imageName,
  imageSnapshotName,
  pinOf,
  snapshotName,
} from '../../src/containerd/snapshot-name.ts';
import type { VerifiedImage } from '../../src/image/verified-image.ts';

const BOOT = 'b'.repeat(32);
const PIN = `sha256:${'1'.repeat(64)}`;
const document = { mediaType: 'm', digest: PIN, size: 1, bytes: new Uint8Array(1) };

function imageOf(...chainIds: readonly string[]): VerifiedImage {
  return {
    reference: `host/app@${PIN}`,
    pin: PIN,
    documents: [document],
    manifest: document,
    configDocument: document,
    config: {
      ...{ entrypoint: [], cmd: [], env: [], user: '', workingDir: '', volumes: [] },
      ...{ stopSignal: undefined, labels: {} },
    },
    layers: chainIds.map((chainId) => ({
      ...{ descriptor: document, compression: 'none', diffId: PIN, chainId },
      ...{ unpackedSize: 1, file: '/f' },
    })),
  };
}

test('names a snapshot after its layers and the boot in which it was made', () => {
  expect(snapshotName(BOOT, 'sha256:aa')).toBe(`${BOOT}-sha256:aa`);
  expect(snapshotName('c'.repeat(32), 'sha256:aa')).not.toBe(snapshotName(BOOT, 'sha256:aa'));
});

test('takes the topmost layer for the image', () => {
  expect(imageSnapshotName(BOOT, imageOf('sha256:aa', 'sha256:bb'))).toBe(`${BOOT}-sha256:bb`);
});

test('refuses an image without layers', () => {
  expect(() => imageSnapshotName(BOOT, imageOf())).toThrow(
    expect.objectContaining({ code: 'ERR_LAUNCHER_IMAGE_REFUSED' }),
  );
});

test('finds the pin in the name of an image again, and in no other name', () => {
  expect(pinOf(imageName(PIN))).toBe(PIN);
  for (const name of [`docker.io/x@${PIN}`, `${imageName(PIN)}0`, `x${imageName(PIN)}`, '']) {
    expect(pinOf(name)).toBeUndefined();
  }
});
