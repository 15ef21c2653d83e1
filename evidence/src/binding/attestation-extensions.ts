// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '../bytes/bytes.ts';
import { fromUtf8, utf8 } from '../bytes/utf8.ts';
import { MAX_EXTENSION_TEXT_BYTES } from '../config/configuration-extensions.ts';
import { EvidenceError } from '../errors.ts';
import { ATTESTATION_ARC, OID, describeOid, type ExtensionValue } from '../oids.ts';
import { MAX_QUOTE_BYTES } from '../quote/quote-limits.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Which TEE's evidence a certificate carries. */
export type EvidenceKind = 'tdx' | 'sgx' | 'snp';

/** Evidence out of a certificate; not parsed yet. */
export interface CertificateEvidence {
  readonly kind: EvidenceKind;
  readonly oid: string;
  readonly bytes: Uint8Array;
}

/** The attestation extensions of a certificate (RA-TLS v1). */
export interface AttestationExtensions {
  readonly quote?: CertificateEvidence;
  readonly gpuEvidence?: Uint8Array;
  /**
   * Every other extension of the attestation arc, also those that we do not know, in certificate
   * order.
   */
  readonly values: readonly ExtensionValue[];
}

/**
 * Largest value that is not evidence. The largest known is a dependency set with some dozens of
 * entries.
 */
export const MAX_EXTENSION_VALUE_BYTES: number = 16 * 1024;

/** Bytes of an application id: a UUID. */
const APP_ID_BYTES = 16;

const EVIDENCE_KINDS: ReadonlyMap<string, EvidenceKind> = new Map<string, EvidenceKind>([
  [OID.tdxQuote, 'tdx'],
  [OID.sgxQuote, 'sgx'],
  [OID.snpReport, 'snp'],
]);

/**
 * Marks evidence that test tools of RA-TLS v1 make up; a report-data check alone would accept it.
 */
const MOCK_MARKER = utf8('MOCK_QUOTE:');

/**
 * Reads the attestation extensions of a certificate.
 *
 * The content of `extnValue` is the value itself; there is no DER inside. Extensions have been
 * found by walking the ASN.1, so an OID that merely occurs inside another value is never taken for
 * an extension.
 *
 * @throws EvidenceError `ERR_ATTESTATION_MULTIPLE_EVIDENCE`, `ERR_ATTESTATION_MOCK_QUOTE`,
 * `ERR_ATTESTATION_VALUE`, `ERR_QUOTE_TOO_LARGE`
 * @example
 * ```ts
 * const { quote } = readAttestationExtensions(parseCertificate(der));
 * if (quote?.kind === 'tdx') console.log(parseQuote(quote.bytes).header.version);
 * ```
 */
export function readAttestationExtensions(certificate: Certificate): AttestationExtensions {
  const entries = [...certificate.extensions].map(([oid, { value }]) => ({ oid, value }));
  const evidence = entries.flatMap(readEvidence);
  const [quote, ...more] = evidence;
  if (quote !== undefined && more.length > 0) {
    throw new EvidenceError(
      'ERR_ATTESTATION_MULTIPLE_EVIDENCE',
      'certificate carries more than one quote',
      { expected: 'at most one', seen: evidence.map(({ oid }) => oid).join(', ') },
    );
  }
  const gpu = entries.find(({ oid }) => oid === OID.gpuEvidence);
  return {
    ...(quote === undefined ? {} : { quote }),
    ...(gpu === undefined ? {} : { gpuEvidence: readGpuEvidence(gpu.value) }),
    values: entries.filter(isConfigurationValue).map(readValue),
  };
}

function readEvidence({ oid, value }: ExtensionValue): CertificateEvidence[] {
  const kind = EVIDENCE_KINDS.get(oid);
  if (kind === undefined) return [];
  if (MOCK_MARKER.every((octet, index) => value[index] === octet)) {
    throw new EvidenceError(
      'ERR_ATTESTATION_MOCK_QUOTE',
      'certificate carries a test marker instead of a quote',
      {
        expected: 'a quote or report',
        seen: 'MOCK_QUOTE:',
        hint: 'use a simulated platform, whose evidence is verified like any other',
      },
    );
  }
  if (value.length > MAX_QUOTE_BYTES) {
    throw new EvidenceError('ERR_QUOTE_TOO_LARGE', 'quote in certificate is too large', {
      expected: `at most ${MAX_QUOTE_BYTES} bytes`,
      seen: `${value.length} bytes`,
    });
  }
  return [{ kind, oid, bytes: copyBytes(value) }];
}

// Its size is bounded by that of the certificate.
function readGpuEvidence(value: Uint8Array): Uint8Array {
  if (value.length === 0) throw wrongValue(OID.gpuEvidence, 'at least one byte', 'nothing');
  return copyBytes(value);
}

function isConfigurationValue({ oid }: ExtensionValue): boolean {
  const inArc = oid.startsWith(`${ATTESTATION_ARC}.`);
  return inArc && !EVIDENCE_KINDS.has(oid) && oid !== OID.gpuEvidence;
}

function readValue({ oid, value }: ExtensionValue): ExtensionValue {
  if (value.length > MAX_EXTENSION_VALUE_BYTES) {
    throw wrongValue(oid, `at most ${MAX_EXTENSION_VALUE_BYTES} bytes`, `${value.length} bytes`);
  }
  if (oid === OID.appId) checkSize(oid, value, APP_ID_BYTES);
  const encoding = describeOid(oid)?.encoding;
  if (encoding === 'hash') checkSize(oid, value, 32);
  if (encoding === 'text') checkText(oid, value);
  return { oid, value: copyBytes(value) };
}

function checkSize(oid: string, value: Uint8Array, size: number): void {
  if (value.length !== size) throw wrongValue(oid, `${size} bytes`, `${value.length} bytes`);
}

function checkText(oid: string, value: Uint8Array): void {
  if (value.length === 0 || value.length > MAX_EXTENSION_TEXT_BYTES) {
    throw wrongValue(oid, `1 to ${MAX_EXTENSION_TEXT_BYTES} bytes`, `${value.length} bytes`);
  }
  try {
    fromUtf8(value);
  } catch {
    throw wrongValue(oid, 'UTF-8', 'other bytes');
  }
}

function wrongValue(oid: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_ATTESTATION_VALUE', `extension ${oid} has a wrong value`, {
    expected,
    seen,
  });
}
