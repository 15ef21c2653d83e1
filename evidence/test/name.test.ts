// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  derElement,
  derOid,
  derPrintableString,
  derSequence,
  derSet,
  derUtf8String,
  encodeName,
  fromHex,
  parseName,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

describe('name', () => {
  const attribute = (oid: string, value: Uint8Array): Uint8Array => derSequence(derOid(oid), value);
  const commonName = (text: string): Uint8Array => attribute('2.5.4.3', derUtf8String(text));

  it('is shown as RFC 4514 text, last part first', () => {
    const raw = encodeName({ commonName: 'a, "b"', organization: ' #1 ', country: 'CH' });
    expect(parseName(raw).text).toBe('CN=a\\, \\"b\\",O=\\ #1\\ ,C=CH');
    expect(parseName(derSequence()).text).toBe('');
  });

  it('cannot carry control characters to a terminal', () => {
    expect(parseName(encodeName({ commonName: 'a\u001b[2J\u202e' })).text).toBe(
      'CN=a\\1b[2J\\e2\\80\\ae',
    );
  });

  it('shows unknown types and encodings as numbers', () => {
    const teletex = derElement(0x14, fromHex('41'));
    const raw = derSequence(
      derSet(attribute('1.2.3', derPrintableString('x'))),
      derSet(attribute('2.5.4.3', teletex)),
    );
    const parsed = parseName(raw);
    expect(parsed.text).toBe('CN=#140141,1.2.3=x');
    expect(parsed.commonName).toBeUndefined();
  });

  it('refuses malformed text of a type that is read', () => {
    const common = (tag: number, hex: string): string =>
      refusal(() =>
        parseName(derSequence(derSet(attribute('2.5.4.3', derElement(tag, fromHex(hex)))))),
      );
    expect(common(0x0c, 'c3bc')).toBe('accepted');
    expect(common(0x0c, 'c3')).toBe('ERR_DER_INVALID');
    expect(common(0x13, '2a')).toBe('ERR_DER_INVALID');
  });

  it('has a common name only if there is exactly one', () => {
    const one = derSequence(derSet(commonName('a')));
    const two = derSequence(derSet(commonName('a')), derSet(commonName('b')));
    expect(parseName(one).commonName).toBe('a');
    expect(parseName(two).commonName).toBeUndefined();
  });

  it('refuses other than sorted, filled sets', () => {
    const [low, high] = [commonName('a'), commonName('b')];
    const set = (...parts: Uint8Array[]): Uint8Array =>
      derSequence(derElement(0x31, Uint8Array.from(parts.flatMap((part) => [...part]))));
    expect(refusal(() => parseName(set(low, high)))).toBe('accepted');
    expect(refusal(() => parseName(set(high, low)))).toBe('ERR_DER_INVALID');
    expect(refusal(() => parseName(set(low, low)))).toBe('ERR_DER_INVALID');
    expect(refusal(() => parseName(set()))).toBe('ERR_DER_INVALID');
    const many = (count: number): Uint8Array =>
      derSequence(...Array.from({ length: count }, () => derSet(low)));
    expect(refusal(() => parseName(many(32)))).toBe('accepted');
    expect(refusal(() => parseName(many(33)))).toBe('ERR_DER_INVALID');
  });
});
