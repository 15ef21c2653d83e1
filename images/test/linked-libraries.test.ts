// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseLdd } from '@proofgate/images';

test('takes libraries and the loader, not the kernel’s page', () => {
  const output = [
    '\tlinux-vdso.so.1 (0x00007f9b95afa000)',
    '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f9b95720000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f9b9553e000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f9b95afc000)',
    '',
  ].join('\n');
  expect(parseLdd(output)).toEqual([
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/lib/x86_64-linux-gnu/libm.so.6',
    '/lib64/ld-linux-x86-64.so.2',
  ]);
});

test('a static program needs nothing', () => {
  expect(parseLdd('\tstatically linked\n')).toEqual([]);
});

test('a library that is missing is refused by name', () => {
  const parse = (): unknown => parseLdd('\tlibodd.so.1 => not found\n');
  expect(parse).toThrow('libodd.so.1');
  expect(parse).toThrow(expect.objectContaining({ code: 'ERR_IMAGES_LIBRARY_NOT_FOUND' }));
});
