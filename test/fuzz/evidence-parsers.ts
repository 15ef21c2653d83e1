// SPDX-License-Identifier: Apache-2.0
import {
  decodePem,
  type DerElement,
  derList,
  ecdsaSignatureFromRaw,
  ecdsaSignatureToRaw,
  encodeAuditManifest,
  encodeTdReport,
  EvidenceError,
  parseAuditManifest,
  parseCcel,
  parseCertificate,
  parseCertificateList,
  parseDer,
  parsePckExtension,
  parseQuote,
  parseSgxReport,
  parseSnpReport,
  parseTdReport,
  readAttestationExtensions,
  readBigInteger,
  readBoolean,
  readEnumerated,
  readNamedBits,
  readNull,
  readOctets,
  readOid,
  readText,
  readTime,
  replayEvents,
  SGX_PCK_EXTENSION_OID,
  toHex,
} from '@proofgate/evidence';
import {
  auditManifests,
  certificates,
  ecdsaSignature,
  pemTexts,
  realFiles,
  realQuotes,
  revocationLists,
} from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const tdReports = realQuotes.flatMap((quote) => {
  const parsed = parseQuote(quote);
  return parsed.kind === 'tdx' ? [encodeTdReport(parsed.body)] : [];
});

/** What each certificate's PCK extension holds; most certificates have none. */
const pckExtensions = certificates.flatMap((der) => {
  const value = parseCertificate(der).extensions.get(SGX_PCK_EXTENSION_OID)?.value;
  return value === undefined ? [] : [value];
});

const errors = [EvidenceError];

/** Parsers of binary evidence. */
export const EVIDENCE_PARSERS: readonly FuzzTarget[] = [
  {
    name: 'DER',
    format: 'bytes',
    corpus: [...certificates, ...revocationLists, ecdsaSignature],
    errors,
    parse: (input) => walk(parseDer(input)),
  },
  {
    name: 'ECDSA signature',
    format: 'bytes',
    corpus: [ecdsaSignature],
    errors,
    parse: (input) => sameBytes(ecdsaSignatureFromRaw(ecdsaSignatureToRaw(input, 32)), input),
  },
  {
    name: 'PEM',
    format: 'text',
    corpus: pemTexts,
    tokens: ['-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n', '\r\n', '\n\n', '='],
    errors,
    parse: (input) => decodePem(new TextDecoder().decode(input), 'CERTIFICATE'),
  },
  {
    name: 'certificate',
    format: 'bytes',
    corpus: certificates,
    errors,
    parse: (input) => readAttestationExtensions(parseCertificate(input)),
  },
  {
    name: 'revocation list',
    format: 'bytes',
    corpus: revocationLists,
    errors,
    parse: parseCertificateList,
  },
  {
    name: 'PCK extension',
    format: 'bytes',
    corpus: pckExtensions,
    errors,
    parse: (value) =>
      parsePckExtension({
        extensions: new Map([[SGX_PCK_EXTENSION_OID, { critical: false, value }]]),
      }),
  },
  {
    name: 'quote',
    format: 'bytes',
    corpus: realQuotes,
    errors,
    parse: (input) => {
      const { bytes, trailingBytes } = parseQuote(input);
      // What is kept and what is called padding are the whole input.
      sameBytes(bytes, input.subarray(0, input.length - trailingBytes));
    },
  },
  {
    name: 'TD report',
    format: 'bytes',
    corpus: tdReports,
    errors,
    parse: (input) => sameBytes(encodeTdReport(parseTdReport(input)), input),
  },
  {
    name: 'SGX report',
    format: 'bytes',
    corpus: realQuotes.map((quote) => parseQuote(quote).signature.qeReportBytes),
    errors,
    parse: parseSgxReport,
  },
  {
    name: 'SNP report',
    format: 'bytes',
    corpus: realFiles('snp/gosev-milan-report.bin', 'snp/trustee-vcek-report.bin'),
    errors,
    parse: parseSnpReport,
  },
  {
    name: 'CCEL event log',
    format: 'bytes',
    corpus: realFiles('ccel/ccel_data.dat').map((log) => log.slice(0, 20_000)),
    errors,
    parse: (input) => replayEvents(parseCcel(input)),
  },
  {
    name: 'audit manifest',
    format: 'bytes',
    corpus: auditManifests,
    errors,
    parse: (input) => sameBytes(encodeAuditManifest(parseAuditManifest(input)), input),
  },
];

/** Reads any DER, as deep as it goes. */
function walk(element: DerElement): void {
  switch (element.tag) {
    case 0x30:
    case 0x31:
    case 0xa0:
    case 0xa3:
      derList(element, element.tag).forEach(walk);
      break;
    default:
      READERS.get(element.tag)?.(element);
  }
}

const READERS = new Map<number, (element: DerElement) => unknown>([
  [0x01, readBoolean],
  [0x02, readBigInteger],
  [0x03, readNamedBits],
  [0x04, readOctets],
  [0x05, readNull],
  [0x06, readOid],
  [0x0a, (element) => readEnumerated(element, 255)],
  [0x0c, readText],
  [0x13, readText],
  [0x16, readText],
  [0x17, readTime],
  [0x18, readTime],
]);

/** An input that is accepted has been read to the last bit if it can be written again from what was read. */
function sameBytes(written: Uint8Array, read: Uint8Array): void {
  const [a, b] = [toHex(written), toHex(read)];
  if (a !== b) throw new Error(`${b} was read as ${a}`);
}
