// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  buildTree,
  concatBytes,
  crlNumberExtension,
  type DerElement,
  derList,
  encodeAuditManifest,
  EvidenceError,
  fromHex,
  keyUsageExtension,
  nameConstraintsExtension,
  OID,
  parseAuditManifest,
  parseCcel,
  parseCertificate,
  parseCertificateList,
  parseDer,
  parsePckExtension,
  parseQuote,
  parseSnpReport,
  readAttestationExtensions,
  readBigInteger,
  readNamedBits,
  readOid,
  readText,
  readTime,
  subjectAltNameExtension,
  toHex,
} from '@proofgate/evidence';
import { certificate, certificateList } from './certificates.ts';
import { sgxQuote, tdReport, tdxQuote } from './quotes.ts';
import { missingRealData, realBytes, realText } from './real-data.ts';

/**
 * Changed inputs a parser is fed with. Small enough for every run; with the seed, the changes of a failure
 * come again, and its message has the input, since certificates have new keys every time.
 */
const ROUNDS = 3000;
const SEED = 0x5eed;

/** xorshift32: good enough to choose bytes, and the same on every machine. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** Changes, removes, doubles or inserts a few bytes, or cuts the end. */
function mutate(input: Uint8Array, next: (bound: number) => number): Uint8Array {
  let bytes = input;
  for (let count = 1 + next(3); count > 0 && bytes.length > 0; count -= 1) {
    const at = next(bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
    const value = bytes[at] ?? 0;
    switch (next(6)) {
      case 0:
        bytes = concatBytes(before, Uint8Array.of(next(256)), after);
        break;
      case 1:
        bytes = concatBytes(before, Uint8Array.of(value ^ (1 << next(8))), after);
        break;
      case 2:
        bytes = concatBytes(before, after.subarray(next(4)));
        break;
      case 3:
        bytes = concatBytes(before, bytes.subarray(at, at + 1 + next(16)), bytes.subarray(at));
        break;
      case 4:
        bytes = concatBytes(before, Uint8Array.of([0x00, 0x7f, 0x80, 0xff][next(4)] ?? 0), after);
        break;
      default:
        // Rarely: most cuts are refused at once, and teach nothing about what lies before them.
        bytes = next(8) === 0 ? before : bytes;
    }
  }
  return bytes;
}

/** Reads any DER, as deep as it goes. */
function walk(element: DerElement): void {
  switch (element.tag) {
    case 0x30:
    case 0x31:
      derList(element, element.tag).forEach(walk);
      break;
    case 0x02:
      readBigInteger(element);
      break;
    case 0x03:
      readNamedBits(element);
      break;
    case 0x06:
      readOid(element);
      break;
    case 0x0c:
    case 0x13:
      readText(element);
      break;
    case 0x17:
    case 0x18:
      readTime(element);
      break;
  }
}

const leaf = certificate({
  extensions: [
    { oid: OID.tdxQuote, critical: false, value: new Uint8Array(40) },
    { oid: OID.imageProfile, critical: false, value: fromHex('646576') },
    basicConstraintsExtension({ ca: true, pathLength: 1 }),
    keyUsageExtension(['digitalSignature', 'decipherOnly']),
    subjectAltNameExtension({ dns: ['a.example'], ip: [new Uint8Array(4)] }),
    nameConstraintsExtension({
      permitted: { dns: ['example'] },
      excluded: { ip: [new Uint8Array(8)] },
    }),
  ],
});
const list = certificateList({
  revoked: [{ serialNumber: Uint8Array.of(5), date: new Date(0), reason: 1 }],
  extensions: [crlNumberExtension(1n), authorityKeyIdExtension(new Uint8Array(20))],
});
const manifest = encodeAuditManifest(
  buildTree([
    { name: 'a', data: new Uint8Array() },
    { name: 'ü', data: undefined },
  ]),
);
const log = fromHex(
  `0100000003000000${'00'.repeat(20)}21000000${Buffer.from('Spec ID Event03\0').toString('hex')}` +
    `0000000000020002010000000c0030000002000000${`0d000000010000000c00${'11'.repeat(48)}02000000abcd`}`,
);

type Subject = readonly [
  name: string,
  input: () => Uint8Array,
  parse: (bytes: Uint8Array) => unknown,
];

const madeUp: readonly Subject[] = [
  ['DER', () => leaf, (bytes) => walk(parseDer(bytes))],
  ['certificate', () => leaf, (bytes) => readAttestationExtensions(parseCertificate(bytes))],
  ['revocation list', () => list, parseCertificateList],
  ['TDX quote', () => tdxQuote(5, tdReport('1.5ex')), parseQuote],
  ['SGX quote', () => sgxQuote(3), parseQuote],
  ['audit manifest', () => manifest, parseAuditManifest],
  ['event log', () => log, parseCcel],
];

const bundle = 'collateral/tdx-00806f050000-202601.json';
const real: readonly Subject[] = [
  ['real quote', () => realBytes('tdx/v4-phala-b0c06f.bin'), parseQuote],
  ['real SNP report', () => realBytes('snp/trustee-vcek-report.bin'), parseSnpReport],
  ['real event log', () => realBytes('ccel/ccel_data.dat').slice(0, 18_200), parseCcel],
  [
    'real revocation list',
    () => fromHex((JSON.parse(realText(bundle)) as Record<string, string>)['pck_crl']!),
    parseCertificateList,
  ],
  ['real PCK certificate', pckCertificate, (bytes) => parsePckExtension(parseCertificate(bytes))],
];

function pckCertificate(): Uint8Array {
  const { signature } = parseQuote(realBytes('tdx/v4-phala-b0c06f.bin'));
  const [, body = ''] =
    /-----BEGIN CERTIFICATE-----([^-]+)/.exec(signature.certificateChainPem) ?? [];
  return new Uint8Array(Buffer.from(body, 'base64'));
}

describe('changed bytes', () => {
  it.each(missingRealData === undefined ? [...madeUp, ...real] : madeUp)(
    '%s: nothing but EvidenceError escapes',
    (_, input, parse) => {
      const original = input();
      parse(original);
      const next = generator(SEED);
      let refused = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const changed = mutate(original, next);
        try {
          parse(changed);
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw new Error(toHex(changed), { cause: error });
          refused += 1;
        }
      }
      // A parser that accepts everything, or a mutation that changes nothing, would make this test
      // worthless.
      expect(refused).toBeGreaterThan(ROUNDS / 10);
    },
    60_000,
  );
});
