// SPDX-License-Identifier: Apache-2.0
import { attributeFile, tdxRtmr3, type AttributeFile } from '@proofgate/attester';
import { extendRegister, toHex } from '@proofgate/evidence';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemError } from './fake-configfs.ts';

const ZERO = new Uint8Array(48);
const DIGEST = new Uint8Array(48).fill(1);
const FOREIGN = new Uint8Array(48).fill(2);

/** The register's file as Linux 6.16 implements it: exactly 48 bytes, a write extends. */
function register(
  quirks: { foreign?: boolean; ignore?: boolean; errno?: string } = {},
): AttributeFile {
  let value: Uint8Array = ZERO;
  return {
    read: () => Promise.resolve(value.slice()),
    write: (digest) => {
      if (quirks.errno !== undefined) return Promise.reject(systemError(quirks.errno));
      if (digest.length !== 48) return Promise.reject(systemError('EINVAL'));
      if (quirks.ignore !== true) value = extendRegister(value, digest);
      if (quirks.foreign === true) value = extendRegister(value, FOREIGN);
      return Promise.resolve();
    },
  };
}

describe('RTMR3', () => {
  it('is extended and read', async () => {
    const rtmr3 = tdxRtmr3(register());
    expect(toHex(await rtmr3.read())).toBe(toHex(ZERO));
    await rtmr3.extend(DIGEST);
    expect(toHex(await rtmr3.read())).toBe(toHex(extendRegister(ZERO, DIGEST)));
  });

  it('takes concurrent extensions one after the other, as they were at the call', async () => {
    const rtmr3 = tdxRtmr3(register());
    const changing = DIGEST.slice();
    const extensions = [rtmr3.extend(FOREIGN), rtmr3.extend(changing)];
    changing.fill(7);
    await Promise.all(extensions);
    expect(toHex(await rtmr3.read())).toBe(
      toHex(extendRegister(extendRegister(ZERO, FOREIGN), DIGEST)),
    );
  });

  it.each([{ foreign: true }, { ignore: true }])(
    'is found to hold another value when the kernel is like %o',
    async (quirks) => {
      await expect(tdxRtmr3(register(quirks)).extend(DIGEST)).rejects.toMatchObject({
        code: 'ERR_ATTESTER_RTMR_MISMATCH',
        expected: toHex(extendRegister(ZERO, DIGEST)),
      });
    },
  );

  it('is not touched by anything but 48 bytes', async () => {
    const rtmr3 = tdxRtmr3(register());
    for (const length of [0, 32, 47, 49, 64]) {
      await expect(rtmr3.extend(new Uint8Array(length))).rejects.toMatchObject({
        code: 'ERR_ATTESTER_DIGEST_LENGTH',
      });
    }
    expect(toHex(await rtmr3.read())).toBe(toHex(ZERO));
  });

  it.each([
    ['EACCES', /root/],
    ['EPERM', /root/],
    ['EIO', /6\.16/],
  ])('says what to do about %s', async (errno, hint) => {
    await expect(tdxRtmr3(register({ errno })).extend(DIGEST)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_RTMR_UNAVAILABLE',
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('is unavailable without its file, or with one of another size', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'attester-'));
    try {
      const path = join(directory, 'rtmr3:sha384');
      const rtmr3 = tdxRtmr3(attributeFile(path));
      const refusal = { code: 'ERR_ATTESTER_RTMR_UNAVAILABLE' };
      await expect(rtmr3.read()).rejects.toMatchObject(refusal);
      for (const length of [0, 47, 49]) {
        await writeFile(path, new Uint8Array(length));
        await expect(rtmr3.read()).rejects.toMatchObject(refusal);
      }
      await writeFile(path, DIGEST);
      expect(toHex(await rtmr3.read())).toBe(toHex(DIGEST));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
