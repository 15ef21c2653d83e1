// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../test/containers/support/oci-image.ts';
import { tarOf } from '../../../test/containers/support/oci-tar.ts';
import { zstdBomb, zstdOf } from '../../../test/containers/support/oci-zstd.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from '../../src/image/image-limits.ts';
import { LayerCheck, type LayerFacts } from '../../src/image/layer/layer-check.ts';
import type { LayerCompression } from '../../src/image/verified-image.ts';

const MIB = 1024 ** 2;
const MISMATCH = { code: 'ERR_LAUNCHER_IMAGE_MISMATCH' };
const TOO_LARGE = { code: 'ERR_LAUNCHER_IMAGE_TOO_LARGE' };

const TAR = tarOf([{ name: 'a', content: randomBytes(200_000) }]);
const GZIP = gzipSync(TAR);
const ZSTD = zstdOf(TAR);

describe('LayerCheck', () => {
  test.each<[string, LayerCompression, Buffer]>([
    ['plain', 'none', TAR],
    ['gzip', 'gzip', GZIP],
    ['gzip of several members', 'gzip', members(TAR, 1_000)],
    ['gzip with an empty member at the end', 'gzip', Buffer.concat([GZIP, gzipSync('')])],
    ['zstd', 'zstd', ZSTD],
    [
      'zstd of several frames',
      'zstd',
      Buffer.concat([zstdOf(TAR.subarray(0, 99)), zstdOf(TAR.subarray(99))]),
    ],
  ])('%s', async (_, compression, packed) => {
    for (const size of [1_000, 100_000, packed.length]) {
      const facts = await check(compression, packed, { pieceSize: size });
      expect(facts).toEqual({
        diffId: digestOf(TAR),
        unpackedSize: TAR.length,
        findings: { entries: 1, setuid: 0, hiddenDevices: 0 },
      });
    }
  });

  test.each<[string, LayerCompression, Buffer]>([
    ['gzip without its end', 'gzip', GZIP.subarray(0, -1)],
    ['gzip with zeros after its end', 'gzip', Buffer.concat([GZIP, Buffer.alloc(100)])],
    ['gzip with zeros and another member', 'gzip', Buffer.concat([GZIP, Buffer.alloc(8), GZIP])],
    ['gzip with other bytes after its end', 'gzip', Buffer.concat([GZIP, Buffer.from('garbage')])],
    ['plain instead of gzip', 'gzip', TAR],
    ['zstd instead of gzip', 'gzip', ZSTD],
    ['gzip instead of zstd', 'zstd', GZIP],
    ['zstd without its end', 'zstd', ZSTD.subarray(0, -1)],
    ['zstd with zeros after its end', 'zstd', Buffer.concat([ZSTD, Buffer.alloc(100)])],
  ])('refuses %s', async (_, compression, packed) => {
    for (const pieceSize of [100, packed.length]) {
      await expect(check(compression, packed, { pieceSize })).rejects.toMatchObject(MISMATCH);
    }
  });

  test('refuses another size and another digest', async () => {
    const other = digestOf(TAR);
    await expect(check('gzip', GZIP, { size: GZIP.length + 1 })).rejects.toMatchObject(MISMATCH);
    await expect(check('gzip', GZIP, { size: GZIP.length - 1 })).rejects.toMatchObject(MISMATCH);
    await expect(check('gzip', GZIP, { digest: other })).rejects.toMatchObject(MISMATCH);
  });

  test('wrong bytes are refused for being wrong, whatever they look like', async () => {
    const hostile = tarOf([{ name: '../a', content: 'x' }]);
    const digest = digestOf(TAR);
    await expect(check('none', hostile, { digest })).rejects.toMatchObject(MISMATCH);
    const code = 'ERR_LAUNCHER_IMAGE_REFUSED';
    await expect(check('none', hostile)).rejects.toMatchObject({ code });
  });

  test('bounds what a layer unpacks to', async () => {
    const limits = { maxImageBytes: TAR.length };
    await check('gzip', GZIP, { limits });
    const tight = { maxImageBytes: TAR.length - 1 };
    await expect(check('gzip', GZIP, { limits: tight })).rejects.toMatchObject(TOO_LARGE);
  });

  test('bounds how much more it unpacks to, when that is much', async () => {
    const content = tarOf([{ name: 'zeros', claimedSize: 257 * MIB }]).subarray(0, 512);
    const small = tarOf([{ name: 'zeros', claimedSize: 255 * MIB }]).subarray(0, 512);
    const end = 1_024;
    const large = zstdBomb(content, 257 * MIB + end);
    await expect(check('zstd', large)).rejects.toMatchObject(TOO_LARGE);
    await check('zstd', zstdBomb(small, 255 * MIB + end));
    const limits = { maxExpansion: 40_000 };
    await check('zstd', large, { limits });
  });

  test('leaves others their turn', async () => {
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const bomb = zstdBomb(
      tarOf([{ name: 'zeros', claimedSize: 100 * MIB }]).subarray(0, 512),
      100 * MIB,
    );
    await check('zstd', bomb, { pieceSize: bomb.length });
    running = false;
    expect(turns).toBeGreaterThan(100);
  });
});

async function check(
  compression: LayerCompression,
  packed: Buffer,
  options: {
    readonly pieceSize?: number;
    readonly size?: number;
    readonly digest?: string;
    readonly limits?: Partial<ImageLimits>;
  } = {},
): Promise<LayerFacts> {
  const { pieceSize = 65_536, size = packed.length, digest = digestOf(packed) } = options;
  const limits = { ...DEFAULT_IMAGE_LIMITS, ...options.limits };
  const layer = { mediaType: 'test', digest, size, compression };
  const checking = new LayerCheck(layer, limits);
  try {
    for (let at = 0; at < packed.length; at += pieceSize) {
      await checking.write(packed.subarray(at, at + pieceSize));
    }
    return await checking.finish();
  } finally {
    checking.close();
  }
}

function members(bytes: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    parts.push(gzipSync(bytes.subarray(at, at + size)));
  return Buffer.concat(parts);
}
