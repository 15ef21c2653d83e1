// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  derBoolean,
  derEnumerated,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  encodePckExtension,
  parseCertificate,
  parsePckExtension,
  SGX_PCK_EXTENSION_OID,
  type PckExtension,
} from '@proofgate/evidence';
import { certificate } from './certificates.ts';
import { refusal, refusalError } from './refusal.ts';

const CODE = 'ERR_PCK_EXTENSION';
const pck: PckExtension = {
  ppid: new Uint8Array(16).fill(1),
  tcb: {
    components: Array.from({ length: 16 }, (_, index) => index * 17),
    pceSvn: 0xabcd,
    cpuSvn: new Uint8Array(16).fill(2),
  },
  pceId: new Uint8Array(2),
  fmspc: new Uint8Array(6).fill(0xf0),
  sgxType: 'scalable-with-integrity',
  platformInstanceId: new Uint8Array(16).fill(3),
  configuration: { dynamicPlatform: true, cachedKeys: false, smtEnabled: true },
};

function parse(value: Uint8Array): PckExtension {
  const extension = { oid: SGX_PCK_EXTENSION_OID, critical: false, value };
  return parsePckExtension(parseCertificate(certificate({ extensions: [extension] })));
}

const member = (suffix: string, value: Uint8Array): Uint8Array =>
  derSequence(derOid(`${SGX_PCK_EXTENSION_OID}.${suffix}`), value);
const octets = (suffix: string, size: number): Uint8Array =>
  member(suffix, derOctetString(new Uint8Array(size)));
const number = (suffix: string, value: bigint): Uint8Array => member(suffix, derInteger(value));
const components = Array.from({ length: 16 }, (_, index) => number(`2.${index + 1}`, 1n));
const tcb = (...changes: Uint8Array[]): Uint8Array =>
  member('2', derSequence(...components, number('2.17', 1n), octets('2.18', 16), ...changes));
const required = [
  octets('1', 16),
  tcb(),
  octets('3', 2),
  octets('4', 6),
  member('5', derEnumerated(0)),
];
const flags = ['7.1', '7.2', '7.3'].map((suffix) => member(suffix, derBoolean(true)));

describe('PCK extension', () => {
  it('reads as it was written, with and without what only the Platform CA certifies', () => {
    const { platformInstanceId: _, configuration: __, ...processor } = pck;
    for (const extension of [pck, processor]) {
      expect(parse(encodePckExtension(extension).value)).toEqual(extension);
    }
    expect(encodePckExtension(pck).critical).toBe(false);
  });

  it('has to be there', () => {
    expect(refusal(() => parsePckExtension(parseCertificate(certificate())))).toBe(CODE);
  });

  it.each<[string, Uint8Array, string]>([
    ['what is required', derSequence(...required), 'accepted'],
    ['members in another order', derSequence(...required.toReversed()), 'accepted'],
    ['a member twice', derSequence(...required, octets('4', 6)), CODE],
    ['a missing member', derSequence(...required.slice(1)), CODE],
    ['an unknown member', derSequence(...required, octets('8', 1)), CODE],
    ['an FMSPC of 7 bytes', derSequence(...required.toSpliced(3, 1, octets('4', 7))), CODE],
    [
      'an unknown SGX type',
      derSequence(...required.toSpliced(4, 1, member('5', derEnumerated(3)))),
      CODE,
    ],
    ['a component twice', derSequence(...required.toSpliced(1, 1, tcb(number('2.1', 1n)))), CODE],
    ['17 components', derSequence(...required.toSpliced(1, 1, tcb(number('2.19', 1n)))), CODE],
    [
      'a component of 256',
      derSequence(...required.toSpliced(1, 1, member('2', derSequence(number('2.1', 256n))))),
      CODE,
    ],
    ['configuration', derSequence(...required, member('7', derSequence(...flags))), 'accepted'],
    [
      'configuration with two flags',
      derSequence(...required, member('7', derSequence(...flags.slice(1)))),
      CODE,
    ],
    ['a trailing byte', Uint8Array.of(...derSequence(...required), 0), CODE],
    ['no DER', new Uint8Array(3), CODE],
  ])('with %s', (_, value, code) => {
    expect(refusal(() => parse(value))).toBe(code);
  });

  it('says which member is missing', () => {
    const value = derSequence(...required.slice(1));
    expect(refusalError(() => parse(value))?.expected).toBe(`${SGX_PCK_EXTENSION_OID}.1`);
  });

  it('is not written from wrong values', () => {
    const write = (changes: Partial<PckExtension>): string =>
      refusal(() => encodePckExtension({ ...pck, ...changes }));
    const { tcb: good } = pck;
    expect(write({})).toBe('accepted');
    expect(write({ ppid: new Uint8Array(15) })).toBe('ERR_QUOTE_WRITE');
    expect(write({ tcb: { ...good, components: [1] } })).toBe('ERR_QUOTE_WRITE');
    expect(write({ tcb: { ...good, components: [256, ...good.components.slice(1)] } })).toBe(
      'ERR_QUOTE_WRITE',
    );
    for (const pceSvn of [65536, -1, 1.5]) {
      expect(write({ tcb: { ...good, pceSvn } })).toBe('ERR_QUOTE_WRITE');
    }
  });
});
