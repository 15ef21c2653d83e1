// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  basicConstraintsExtension,
  derBoolean,
  derContext,
  derInteger,
  derNamedBits,
  derOid,
  derSequence,
  fromHex,
  parseCertificate,
  X509_EXTENSION,
  type CertificateExtension,
} from '@proofgate/evidence';
import { certificate } from './certificates.ts';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_CERT_INVALID';

function withExtension(oid: string, value: Uint8Array, critical = false): string {
  const extension: CertificateExtension = { oid, critical, value };
  return refusal(() => parseCertificate(certificate({ extensions: [extension] })));
}

/** One side of nameConstraints: permitted is 0, excluded 1. */
const subtrees = (side: number, dnsHex: string): Uint8Array =>
  derContext(side, true, derSequence(derContext(2, false, fromHex(dnsHex))));

describe('standard extensions', () => {
  const ca = derBoolean(true);

  it.each<[string, string, Uint8Array, string]>([
    ['basicConstraints of a leaf', X509_EXTENSION.basicConstraints, derSequence(), 'accepted'],
    [
      'basicConstraints with a path',
      X509_EXTENSION.basicConstraints,
      derSequence(ca, derInteger(0n)),
      'accepted',
    ],
    ['a path without a CA', X509_EXTENSION.basicConstraints, derSequence(derInteger(0n)), INVALID],
    ['a negative path', X509_EXTENSION.basicConstraints, derSequence(ca, derInteger(-1n)), INVALID],
    ['keyUsage', X509_EXTENSION.keyUsage, derNamedBits([8]), 'accepted'],
    ['keyUsage with an unknown bit', X509_EXTENSION.keyUsage, derNamedBits([9]), INVALID],
    ['keyUsage without a bit', X509_EXTENSION.keyUsage, derNamedBits([]), INVALID],
    ['extKeyUsage', X509_EXTENSION.extKeyUsage, derSequence(derOid('1.2.3')), 'accepted'],
    ['extKeyUsage without a purpose', X509_EXTENSION.extKeyUsage, derSequence(), INVALID],
    [
      'a trailing byte',
      X509_EXTENSION.extKeyUsage,
      Uint8Array.of(...derSequence(derOid('1.2.3')), 0),
      INVALID,
    ],
    [
      'subjectAltName',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(2, false, fromHex('61'))),
      'accepted',
    ],
    ['subjectAltName without a name', X509_EXTENSION.subjectAltName, derSequence(), INVALID],
    [
      'a NUL in a name',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(2, false, fromHex('6100'))),
      INVALID,
    ],
    [
      'a name that is not ASCII',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(2, false, fromHex('c3bc'))),
      INVALID,
    ],
    [
      'the longest name',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(2, false, new Uint8Array(253).fill(0x61))),
      'accepted',
    ],
    [
      'a name too long',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(2, false, new Uint8Array(254).fill(0x61))),
      INVALID,
    ],
    [
      'an address',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(7, false, fromHex('7f000001'))),
      'accepted',
    ],
    [
      'an address of 5 bytes',
      X509_EXTENSION.subjectAltName,
      derSequence(derContext(7, false, fromHex('7f00000100'))),
      INVALID,
    ],
    [
      'nameConstraints with one side twice',
      X509_EXTENSION.nameConstraints,
      derSequence(...['61', '62'].map((name) => subtrees(1, name))),
      INVALID,
    ],
    [
      'nameConstraints with sides in another order',
      X509_EXTENSION.nameConstraints,
      derSequence(subtrees(1, '61'), subtrees(0, '62')),
      INVALID,
    ],
    [
      'nameConstraints with both sides',
      X509_EXTENSION.nameConstraints,
      derSequence(subtrees(0, '61'), subtrees(1, '62')),
      'accepted',
    ],
    ['nameConstraints without content', X509_EXTENSION.nameConstraints, derSequence(), INVALID],
    [
      'nameConstraints with an empty side',
      X509_EXTENSION.nameConstraints,
      derSequence(derContext(0, true, new Uint8Array())),
      INVALID,
    ],
    [
      'nameConstraints with a maximum',
      X509_EXTENSION.nameConstraints,
      derSequence(
        derContext(
          0,
          true,
          derSequence(derContext(2, false, fromHex('61')), derContext(1, false, fromHex('01'))),
        ),
      ),
      INVALID,
    ],
    [
      'nameConstraints',
      X509_EXTENSION.nameConstraints,
      derSequence(derContext(0, true, derSequence(derContext(2, false, fromHex('61'))))),
      'accepted',
    ],
  ])('%s', (_, oid, value, code) => {
    expect(withExtension(oid, value)).toBe(code);
  });

  it('counts names and subtrees of kinds that are not read', () => {
    const email = derContext(1, false, fromHex('61'));
    const parsed = parseCertificate(
      certificate({
        extensions: [
          { oid: X509_EXTENSION.subjectAltName, critical: false, value: derSequence(email) },
          {
            oid: X509_EXTENSION.nameConstraints,
            critical: true,
            value: derSequence(derContext(1, true, derSequence(email))),
          },
        ],
      }),
    );
    expect(parsed.subjectAltName).toEqual({ dns: [], ip: [], others: 1 });
    expect(parsed.nameConstraints?.excluded.others).toBe(1);
    expect(parsed.nameConstraints?.permitted).toEqual({ dns: [], ip: [], others: 0 });
  });

  it('leaves out what is not there', () => {
    const parsed = parseCertificate(
      certificate({ extensions: [basicConstraintsExtension({ ca: false })] }),
    );
    expect(parsed.basicConstraints).toEqual({ ca: false });
    expect('keyUsage' in parsed || 'subjectAltName' in parsed).toBe(false);
  });

  it('reads an authority key identifier by its key alone', () => {
    const value = derSequence(
      derContext(0, false, fromHex('aabb')),
      derContext(2, false, fromHex('01')),
    );
    const extensions = [{ oid: X509_EXTENSION.authorityKeyId, critical: false, value }];
    expect(parseCertificate(certificate({ extensions })).authorityKeyId).toEqual(fromHex('aabb'));
  });
});
