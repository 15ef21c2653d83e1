// SPDX-License-Identifier: Apache-2.0
//
// A second reader of the wire format: an RA-TLS v1 client in deterministic mode, written from the protocol's
// description alone. It imports nothing of this product, so a mistake that our writer and our reader share shows up here.
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

/** The step that refused a server. */
export type RaTlsV1Step =
  | 'tls'
  | 'certificate'
  | 'quote'
  | 'measurement'
  | 'report data'
  | 'expected extension'
  | 'quote signature'
  | 'quoting enclave'
  | 'quote chain';

/** Thrown for a server that is not to be trusted. */
export class RaTlsV1Refusal extends Error {
  readonly step: RaTlsV1Step;

  constructor(step: RaTlsV1Step, message: string, cause?: unknown) {
    super(`${step}: ${message}`, { cause });
    this.step = step;
  }
}

/** What the caller demands of the server. */
export interface RaTlsV1Expectations {
  /** The root of the quote's certificates: Intel's, or the one of a software platform. PEM. */
  readonly quoteRootPem: string;
  /** The build-time measurement, 48 bytes as hex. */
  readonly mrTd?: string;
  /** OID in dotted decimals → value as hex; each must be present with exactly these bytes. */
  readonly extensions?: Readonly<Record<string, string>>;
}

/** What an accepted server proved. */
export interface RaTlsV1Proof {
  /** DER. */
  readonly leaf: Buffer;
  readonly quote: Buffer;
  readonly mrTd: string;
  readonly reportData: string;
  /** Values of the vendor arc and the quote: OID in dotted decimals → hex. */
  readonly extensions: ReadonlyMap<string, string>;
}

/** Where to connect and whose certificates to trust. */
export interface RaTlsV1Target {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  /** The root CA of the server's chain. PEM. */
  readonly rootPem: string;
}

const TDX_QUOTE_OID = '1.2.840.113741.1.5.5.1.6';
const VENDOR_ARC = '1.3.6.1.4.1.65230.';
const GPU_EVIDENCE_OID = '1.3.6.1.4.1.65230.5.1';
const TIMEOUT_MS = 10_000;

/**
 * Connects with TLS 1.3 and checks everything that deterministic RA-TLS v1 promises. TCB levels and revocation are not
 * judged: v1 clients leave those to a service.
 *
 * @returns what was proved; the connection is closed again
 * @throws RaTlsV1Refusal naming the step that failed
 */
export async function verifyRaTlsV1(
  target: RaTlsV1Target,
  expectations: RaTlsV1Expectations,
): Promise<RaTlsV1Proof> {
  const leaf = await fetchLeaf(target);
  try {
    return judgeLeaf(leaf, expectations);
  } catch (error) {
    // Buffers throw it for offsets outside of them, which is where lengths that lie lead.
    if (error instanceof RangeError) throw new RaTlsV1Refusal('quote', 'a length is wrong', error);
    throw error;
  }
}

/**
 * Everything but the connection and the certificate chain: quote present, measurement, report data, expected values,
 * in the order in which v1 clients check them, then the signatures inside the quote.
 *
 * @param leaf - DER of a certificate whose chain was verified
 */
function judgeLeaf(leaf: Buffer, expectations: RaTlsV1Expectations): RaTlsV1Proof {
  const certificate = readCertificate(leaf);
  const quote = findQuote(certificate);
  const mrTd = quote.subarray(184, 232).toString('hex');
  demand('measurement', expectations.mrTd === undefined || expectations.mrTd === mrTd, mrTd);

  const reportData = quote.subarray(568, 632).toString('hex');
  const expected = expectedReportData(certificate);
  demand('report data', reportData === expected, `${reportData} is not ${expected}`);

  for (const [oid, value] of Object.entries(expectations.extensions ?? {})) {
    const seen = certificate.extensions.get(oid)?.value.toString('hex');
    demand('expected extension', seen === value, `${oid} is ${seen ?? 'absent'}, not ${value}`);
  }
  checkQuoteSignatures(quote, expectations.quoteRootPem);
  const ours = [...certificate.extensions].filter(([oid]) => isAttestation(oid));
  const extensions = new Map(ours.map(([oid, { value }]) => [oid, value.toString('hex')]));
  return { leaf, quote, mrTd, reportData, extensions };
}

/** SHA-512(SHA-256(SPKI) ‖ notBefore text [‖ SHA-256(GPU evidence)]). */
function expectedReportData({ spki, minute, extensions }: WireCertificate): string {
  const hash = createHash('sha512').update(sha256(spki)).update(minute);
  const gpuEvidence = extensions.get(GPU_EVIDENCE_OID);
  if (gpuEvidence !== undefined) hash.update(sha256(gpuEvidence.value));
  return hash.digest('hex');
}

function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function isAttestation(oid: string): boolean {
  return oid === TDX_QUOTE_OID || oid.startsWith(VENDOR_ARC);
}

/** Node checks chain and host name; the leaf is read once because Node hands it out only once. */
async function fetchLeaf({ host, port, servername, rootPem }: RaTlsV1Target): Promise<Buffer> {
  const socket = connect({
    host,
    port,
    servername,
    ca: rootPem,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['privasys-ratls/1', 'http/1.1'],
  });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
  try {
    await once(socket, 'secureConnect');
    const leaf = socket.getPeerX509Certificate();
    demand('tls', socket.authorized && !socket.isSessionReused(), 'the chain is not verified');
    demand('tls', leaf !== undefined, 'no certificate');
    return Buffer.from(leaf.raw);
  } catch (error) {
    if (error instanceof RaTlsV1Refusal) throw error;
    throw new RaTlsV1Refusal('tls', error instanceof Error ? error.message : String(error), error);
  } finally {
    socket.destroy();
  }
}

interface WireExtension {
  readonly critical: boolean;
  readonly value: Buffer;
}

interface WireCertificate {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  /** notBefore as `YYYY-MM-DDTHH:MMZ`. */
  readonly minute: string;
  readonly extensions: ReadonlyMap<string, WireExtension>;
}

interface Element {
  readonly tag: number;
  /** With tag and length. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The elements that fill a buffer. OpenSSL has parsed the certificate before; this only finds the way. */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    demand('certificate', start + length <= bytes.length, 'an element is cut short');
    found.push({
      tag: bytes.readUInt8(at),
      whole: bytes.subarray(at, start + length),
      content: bytes.subarray(start, start + length),
    });
    at = start + length;
  }
  return found;
}

function readCertificate(der: Buffer): WireCertificate {
  const [certificate] = elements(der);
  const [tbs] = children(certificate);
  const [version, , , , validity, , spki, tagged] = children(tbs);
  demand('certificate', version?.content.toString('hex') === '020102', 'not X.509 v3');
  demand('certificate', spki !== undefined && tagged?.tag === 0xa3, 'no extensions');
  const extensions = new Map<string, WireExtension>();
  for (const extension of children(children(tagged)[0])) {
    const [oid, ...rest] = children(extension);
    const value = rest.pop();
    demand('certificate', oid !== undefined && value?.tag === 0x04, 'not an extension');
    const name = dotted(oid.content);
    demand('certificate', !extensions.has(name), `${name} is there twice`);
    extensions.set(name, { critical: rest.length > 0, value: value.content });
  }
  return { spki: spki.whole, minute: minuteOf(children(validity)[0]), extensions };
}

function children(parent: Element | undefined): Element[] {
  demand('certificate', parent !== undefined, 'an element is missing');
  return elements(parent.content);
}

/** UTCTime `YYMMDDHHMMSSZ`, whose seconds are 00 in deterministic mode, as `YYYY-MM-DDTHH:MMZ`. */
function minuteOf(notBefore: Element | undefined): string {
  const text = notBefore?.content.toString('latin1') ?? '';
  const parts = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)00Z$/.exec(text);
  demand('certificate', notBefore?.tag === 0x17 && parts !== null, `notBefore is ${text}`);
  const [, year, month, day, hour, minute] = parts;
  return `20${String(year)}-${String(month)}-${String(day)}T${String(hour)}:${String(minute)}Z`;
}

function dotted(content: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** Header of a TDX quote version 4: version, key type 2 (ECDSA P-256), TEE type 0x81. */
const TDX_V4_HEADER = '0400020081000000';

function findQuote({ extensions }: WireCertificate): Buffer {
  for (const [oid, { critical }] of extensions) {
    demand('certificate', !isAttestation(oid) || !critical, `${oid} is critical`);
  }
  const quote = extensions.get(TDX_QUOTE_OID)?.value;
  demand('quote', quote !== undefined, 'no TDX quote in the certificate');
  const header = quote.subarray(0, 8).toString('hex');
  demand('quote', header === TDX_V4_HEADER, `${header} is not the start of a TDX quote v4`);
  demand('quote', quote.length > 636, 'the quote is cut short');
  return quote;
}

/**
 * Intel's ECDSA quote, version 4: the attestation key signs header and TD report (bytes 0 to 632), the quoting enclave's
 * report names the attestation key, the PCK certificate signs that report, and the PCK's chain ends in the root.
 */
function checkQuoteSignatures(quote: Buffer, rootPem: string): void {
  const data = lengthPrefixed(quote, 632);
  const attestationKey = data.subarray(64, 128);
  const signed = verifyRaw(quote.subarray(0, 632), data.subarray(0, 64), rawKey(attestationKey));
  demand('quote signature', signed, 'the attestation key did not sign this quote');

  demand('quote', data.readUInt16LE(128) === 6, 'no certification of a quoting enclave');
  const certification = lengthPrefixed(data, 130);
  const qeReport = certification.subarray(0, 384);
  const authEnd = 450 + certification.readUInt16LE(448);
  const keyHash = sha256(attestationKey, certification.subarray(450, authEnd));
  const named = Buffer.concat([keyHash, Buffer.alloc(32)]);
  const bound = qeReport.subarray(320, 384).equals(named);
  demand('quoting enclave', bound, 'the report does not name the attestation key');

  demand('quote', certification.readUInt16LE(authEnd) === 5, 'no PEM chain');
  const pem = lengthPrefixed(certification, authEnd + 2).toString('latin1');
  const [pck = '', ...issuers] = pemBlocks(pem);
  const complaint = opensslComplaint(pck, issuers, rootPem);
  demand('quote chain', complaint === undefined, complaint ?? '');
  const { publicKey } = new X509Certificate(pck);
  const certified = verifyRaw(qeReport, certification.subarray(384, 448), publicKey);
  demand('quoting enclave', certified, 'the PCK certificate did not sign the report');
}

/** The bytes behind a u32 length, little endian. */
function lengthPrefixed(bytes: Buffer, at: number): Buffer {
  const end = at + 4 + bytes.readUInt32LE(at);
  demand('quote', end <= bytes.length, 'a part is cut short');
  return bytes.subarray(at + 4, end);
}

function rawKey(point: Buffer): KeyObject {
  const x = point.toString('base64url', 0, 32);
  const y = point.toString('base64url', 32);
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch (cause) {
    throw new RaTlsV1Refusal('quote signature', 'the attestation key is no P-256 point', cause);
  }
}

function verifyRaw(data: Buffer, signature: Buffer, key: KeyObject): boolean {
  return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** The openssl command's opinion of a chain: undefined when it holds, else what it says. */
function opensslComplaint(leaf: string, issuers: string[], rootPem: string): string | undefined {
  const cwd = mkdtempSync(join(tmpdir(), 'ra-tls-v1-'));
  try {
    writeFileSync(join(cwd, 'leaf.pem'), leaf);
    writeFileSync(join(cwd, 'issuers.pem'), issuers.join('\n'));
    writeFileSync(join(cwd, 'root.pem'), rootPem);
    const args = [
      'verify',
      '-x509_strict',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuers.pem',
      'leaf.pem',
    ];
    execFileSync('openssl', args, { cwd, stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function demand(step: RaTlsV1Step, holds: boolean, message: string): asserts holds {
  if (!holds) throw new RaTlsV1Refusal(step, message);
}
