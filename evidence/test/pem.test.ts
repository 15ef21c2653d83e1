// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePem,
  encodePem,
  equalBytes,
  MAX_PEM_BLOCKS,
  MAX_PEM_CHARACTERS,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const block = (body: string, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const decode = (text: string): string => refusal(() => decodePem(text, 'CERTIFICATE'));

describe('PEM', () => {
  it('reads what it wrote, in lines of 64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const text = encodePem('X509 CRL', bytes);
        expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(64);
        expect(decodePem(text, 'X509 CRL').every((der) => equalBytes(der, bytes))).toBe(true);
      }),
    );
  });

  it('reads all blocks of a label in order, and skips the rest', () => {
    const text = `subject=a\n${block('AAAA')}${block('AQID', 'EC PARAMETERS')}\n${block('BBBB')}`;
    expect(decodePem(text, 'CERTIFICATE').map((der) => [...der])).toEqual([
      [0, 0, 0],
      [4, 16, 65],
    ]);
    expect(decode(text.replaceAll('\n', '\r\n'))).toBe('accepted');
  });

  it.each([
    ['no block', ''],
    ['no block of the label', block('AAAA', 'PRIVATE KEY')],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['no end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
    ['no end after a whole block', `${block('AAAA')}-----BEGIN CERTIFICATE-----\nAAAA\n`],
    ['no begin', 'AAAA\n-----END CERTIFICATE-----\n'],
    ['another end', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END X-----\n'],
    ['a block in a block', block(block('AAAA'))],
    ['a misspelt boundary', block('AAAA') + block('AAAA').replace('-----\n', '---- \n')],
    ['a header', block('Proc-Type: 4,ENCRYPTED\n\nAAAA')],
    ['a blank line', block('AAAA\n\nAAAA')],
    ['a space in a line', block('AA AA')],
    ['a long line', block('A'.repeat(80))],
    ['bad padding', block('AA=')],
    ['too much text', block('AAAA') + ' '.repeat(MAX_PEM_CHARACTERS)],
    ['too many blocks', block('AAAA').repeat(MAX_PEM_BLOCKS + 1)],
  ])('refuses %s', (_, text) => {
    expect(decode(text)).toBe('ERR_PEM_INVALID');
  });

  it('accepts the neighbours of those', () => {
    expect(decode(block('A'.repeat(76)))).toBe('accepted');
    expect(decode(block('AAAA').repeat(MAX_PEM_BLOCKS))).toBe('accepted');
    expect(decode(block('AA=='))).toBe('accepted');
    expect(decode(block('AAAA').padEnd(MAX_PEM_CHARACTERS))).toBe('accepted');
  });
});
