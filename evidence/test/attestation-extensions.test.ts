// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  MAX_EXTENSION_TEXT_BYTES,
  MAX_EXTENSION_VALUE_BYTES,
  MAX_QUOTE_BYTES,
  OID,
  parseCertificate,
  readAttestationExtensions,
  utf8,
  type AttestationExtensions,
} from '@proofgate/evidence';
import { certificate } from './certificates.ts';
import { refusal } from './refusal.ts';

type Pair = readonly [oid: string, value: Uint8Array];

function read(...pairs: readonly Pair[]): AttestationExtensions {
  const extensions = pairs.map(([oid, value]) => ({ oid, critical: false, value }));
  return readAttestationExtensions(parseCertificate(certificate({ extensions })));
}

const quote = Uint8Array.of(4, 0, 2, 0);
const hash = new Uint8Array(32).fill(7);

describe('evidence in a certificate', () => {
  it('may be absent', () => {
    expect(read()).toEqual({ values: [] });
  });

  it.each([
    [OID.tdxQuote, 'tdx'],
    [OID.sgxQuote, 'sgx'],
    [OID.snpReport, 'snp'],
  ])('%s is %s', (oid, kind) => {
    expect(read([oid, quote])).toEqual({ quote: { kind, oid, bytes: quote }, values: [] });
  });

  it('is raw: an inner OCTET STRING is part of the value', () => {
    expect(read([OID.tdxQuote, Uint8Array.of(4, 2, 4, 0)]).quote?.bytes).toEqual(
      Uint8Array.of(4, 2, 4, 0),
    );
  });

  it('is refused when there are two', () => {
    const two = 'ERR_ATTESTATION_MULTIPLE_EVIDENCE';
    expect(refusal(() => read([OID.tdxQuote, quote], [OID.snpReport, quote]))).toBe(two);
    expect(refusal(() => read([OID.tdxQuote, quote], [OID.sgxQuote, quote]))).toBe(two);
    expect(refusal(() => read([OID.tdxQuote, quote], [OID.gpuEvidence, quote]))).toBe('accepted');
  });

  it('is refused when it is a test marker', () => {
    const mock = utf8('MOCK_QUOTE:abc');
    for (const oid of [OID.tdxQuote, OID.sgxQuote, OID.snpReport]) {
      expect(refusal(() => read([oid, mock]))).toBe('ERR_ATTESTATION_MOCK_QUOTE');
    }
    expect(refusal(() => read([OID.tdxQuote, utf8('MOCK_QUOTE')]))).toBe('accepted');
    expect(refusal(() => read([OID.imageRef, mock]))).toBe('accepted');
  });

  it('has a size limit', () => {
    const sized = (size: number): string =>
      refusal(() => read([OID.tdxQuote, new Uint8Array(size)]));
    expect(sized(MAX_QUOTE_BYTES)).toBe('accepted');
    expect(sized(MAX_QUOTE_BYTES + 1)).toBe('ERR_QUOTE_TOO_LARGE');
  });

  it('is not found inside another value', () => {
    // The content octets of the TDX quote OID, then an OCTET STRING: a byte scan would take them
    // for evidence.
    const decoy = Uint8Array.of(6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 5, 5, 1, 6, 4, 1, 9);
    expect(read([`${OID.configurationHash}.1`, decoy]).quote).toBeUndefined();
  });
});

describe('GPU evidence', () => {
  it('stands beside a quote', () => {
    const found = read([OID.tdxQuote, quote], [OID.gpuEvidence, hash]);
    expect(found.gpuEvidence).toEqual(hash);
    expect(found.values).toEqual([]);
  });

  it('is not empty', () => {
    expect(refusal(() => read([OID.gpuEvidence, new Uint8Array()]))).toBe('ERR_ATTESTATION_VALUE');
  });
});

describe('configuration values', () => {
  it('come in certificate order, unknown ones included, others left out', () => {
    const found = read(
      [OID.workloadsHash, hash],
      ['1.2.3', hash],
      [OID.platformRoot, hash],
      ['1.3.6.1.4.1.65230.9.9', quote],
      ['1.3.6.1.4.1.652301.1', quote],
    );
    expect(found.values.map(({ oid }) => oid)).toEqual([
      OID.workloadsHash,
      OID.platformRoot,
      '1.3.6.1.4.1.65230.9.9',
    ]);
  });

  const WRONG = 'ERR_ATTESTATION_VALUE';
  it.each<[string, string, Uint8Array, string]>([
    ['a hash of 32 bytes', OID.imageDigest, hash, 'accepted'],
    ['a hash of 31 bytes', OID.imageDigest, hash.subarray(1), WRONG],
    ['a hash in an OCTET STRING', OID.imageDigest, Uint8Array.of(4, 32, ...hash), WRONG],
    ['an application id', OID.appId, new Uint8Array(16), 'accepted'],
    ['an application id of 17 bytes', OID.appId, new Uint8Array(17), WRONG],
    ['text', OID.imageProfile, utf8('dev'), 'accepted'],
    ['no text', OID.imageProfile, new Uint8Array(), WRONG],
    ['text that is not UTF-8', OID.imageProfile, Uint8Array.of(0xff), WRONG],
    [
      'the longest text',
      OID.imageRef,
      new Uint8Array(MAX_EXTENSION_TEXT_BYTES).fill(0x61),
      'accepted',
    ],
    ['longer text', OID.imageRef, new Uint8Array(MAX_EXTENSION_TEXT_BYTES + 1).fill(0x61), WRONG],
    ['the largest value', OID.dependencies, new Uint8Array(MAX_EXTENSION_VALUE_BYTES), 'accepted'],
    ['a larger value', OID.dependencies, new Uint8Array(MAX_EXTENSION_VALUE_BYTES + 1), WRONG],
  ])('%s', (_, oid, value, code) => {
    expect(refusal(() => read([oid, value]))).toBe(code);
  });
});
