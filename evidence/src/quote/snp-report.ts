// SPDX-License-Identifier: Apache-2.0
import { concatBytes, copyBytes, isAllZero } from '../bytes/bytes.ts';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { asReportData, asSha384, type ReportData, type Sha384 } from '../bytes/fixed-bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { EvidenceError } from '../errors.ts';

/** Which key signed a report: the chip's, one that a cloud leased, or none. */
export type SnpSigningKey = 'vcek' | 'vlek' | 'none';

/** Guest policy by name (AMD SEV-SNP firmware ABI specification 56860, table 10). */
export interface SnpPolicy {
  readonly abiMinor: number;
  readonly abiMajor: number;
  readonly smt: boolean;
  /** A migration agent may move the guest. */
  readonly migrateMa: boolean;
  /** The host may read and change the guest. */
  readonly debug: boolean;
  readonly singleSocket: boolean;
  /** The whole field, for bits that later firmware defines. */
  readonly bits: bigint;
}

/**
 * A SEV-SNP attestation report (AMD specification 56860, table 23). Nothing in it has been
 * verified.
 */
export interface SnpReport {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: SnpPolicy;
  /** 16 bytes each, given by whoever started the guest. */
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  /**
   * TCB versions are 8 bytes as on the wire; which byte means what depends on the processor family.
   */
  readonly currentTcb: Uint8Array;
  /** The TCB that the certificate of the signing key has to name. */
  readonly reportedTcb: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly launchTcb: Uint8Array;
  readonly platformInfo: bigint;
  readonly authorKeyEnabled: boolean;
  readonly chipKeyMasked: boolean;
  readonly signingKey: SnpSigningKey;
  readonly reportData: ReportData;
  readonly measurement: Sha384;
  /** 32 bytes, given by the host at launch. */
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Sha384;
  readonly authorKeyDigest: Sha384;
  /** 32 bytes each. */
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  /** Family, model and stepping; from version 3 on. */
  readonly cpuid?: { readonly family: number; readonly model: number; readonly stepping: number };
  /** 64 bytes; zero when the chip key is masked, and with a VLEK. */
  readonly chipId: Uint8Array;
  /** Firmware versions. */
  readonly currentVersion: SnpFirmwareVersion;
  readonly committedVersion: SnpFirmwareVersion;
  /** Mitigation vectors; from version 5 on. */
  readonly launchMitigations?: bigint;
  readonly currentMitigations?: bigint;
  /** What the key signs: the report without the signature. */
  readonly signedRegion: Uint8Array;
  /** ECDSA P-384 signature as r || s, big-endian, 96 bytes. */
  readonly signature: Uint8Array;
  /** The whole report. */
  readonly bytes: Uint8Array;
}

/** Version of the SEV firmware. */
export interface SnpFirmwareVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** Bytes of a report, in every version. */
export const SNP_REPORT_BYTES = 1184;

const SIGNED_BYTES = 0x2a0;
const MIN_VERSION = 2;
const MAX_VERSION = 5;

/** ECDSA P-384 with SHA-384. */
const ALGORITHM_ECDSA_P384 = 1;

/** Bytes in which the report stores each number of the signature, and bytes that P-384 fills. */
const STORED_NUMBER_BYTES = 72;
const P384_BYTES = 48;

/**
 * Reads a SEV-SNP attestation report of version 2 to 5.
 *
 * @param bytes exactly 1184 bytes
 * @throws EvidenceError `ERR_SNP_REPORT_SIZE`, `ERR_SNP_REPORT_VERSION`, `ERR_SNP_REPORT_FIELD`
 */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length !== SNP_REPORT_BYTES) {
    throw new EvidenceError('ERR_SNP_REPORT_SIZE', 'SEV-SNP report has a wrong size', {
      expected: `${SNP_REPORT_BYTES} bytes`,
      seen: `${bytes.length} bytes`,
    });
  }
  const cursor = new ByteCursor(copyBytes(bytes), 'SEV-SNP report', 'ERR_SNP_REPORT_SIZE');
  const version = readVersion(cursor.number(4));
  const head = readHead(cursor);
  const keyInfo = readKeyInfo(cursor.number(4));
  reserved('0x04c', cursor.take(4));
  const measured = readMeasured(cursor);
  const reportedTcb = cursor.take(8);
  const cpuid = readCpuid(version, cursor);
  const chipId = cursor.take(64);
  const committedTcb = cursor.take(8);
  const currentVersion = readFirmwareVersion(cursor);
  const committedVersion = readFirmwareVersion(cursor);
  const launchTcb = cursor.take(8);
  const mitigations = readMitigations(version, cursor);
  reserved('before the signature', cursor.take(SIGNED_BYTES - cursor.offset));
  const signature = readSignature(cursor);
  return {
    version,
    ...head,
    ...keyInfo,
    ...measured,
    reportedTcb,
    ...cpuid,
    chipId,
    committedTcb,
    currentVersion,
    committedVersion,
    launchTcb,
    ...mitigations,
    signedRegion: cursor.slice(0, SIGNED_BYTES),
    signature,
    bytes: cursor.slice(0, SNP_REPORT_BYTES),
  };
}

type HeadField =
  'guestSvn' | 'policy' | 'familyId' | 'imageId' | 'vmpl' | 'currentTcb' | 'platformInfo';

function readHead(cursor: ByteCursor): Pick<SnpReport, HeadField> {
  const guestSvn = cursor.number(4);
  const policy = readPolicy(longNumber(cursor));
  const familyId = cursor.take(16);
  const imageId = cursor.take(16);
  const vmpl = cursor.number(4);
  const algorithm = cursor.number(4);
  if (vmpl > 3) throw wrongField('VMPL', '0 to 3', vmpl);
  if (algorithm !== ALGORITHM_ECDSA_P384) {
    throw wrongField('signature algorithm', '1 (ECDSA P-384 with SHA-384)', algorithm);
  }
  const currentTcb = cursor.take(8);
  return {
    guestSvn,
    policy,
    familyId,
    imageId,
    vmpl,
    currentTcb,
    platformInfo: longNumber(cursor),
  };
}

type MeasuredField =
  | 'reportData'
  | 'measurement'
  | 'hostData'
  | 'idKeyDigest'
  | 'authorKeyDigest'
  | 'reportId'
  | 'reportIdMa';

function readMeasured(cursor: ByteCursor): Pick<SnpReport, MeasuredField> {
  return {
    reportData: asReportData(cursor.take(64)),
    measurement: asSha384(cursor.take(48)),
    hostData: cursor.take(32),
    idKeyDigest: asSha384(cursor.take(48)),
    authorKeyDigest: asSha384(cursor.take(48)),
    reportId: cursor.take(32),
    reportIdMa: cursor.take(32),
  };
}

function readVersion(version: number): number {
  if (version >= MIN_VERSION && version <= MAX_VERSION) return version;
  throw new EvidenceError('ERR_SNP_REPORT_VERSION', 'SEV-SNP report version is unknown', {
    expected: `${MIN_VERSION} to ${MAX_VERSION}`,
    seen: String(version),
  });
}

function readPolicy(bits: bigint): SnpPolicy {
  const isSet = (bit: bigint): boolean => ((bits >> bit) & 1n) === 1n;
  // Table 10: bit 17 is reserved and must be one.
  if (!isSet(17n)) throw wrongField('guest policy', 'bit 17 set', `0x${bits.toString(16)}`);
  return {
    abiMinor: Number(bits & 0xffn),
    abiMajor: Number((bits >> 8n) & 0xffn),
    smt: isSet(16n),
    migrateMa: isSet(18n),
    debug: isSet(19n),
    singleSocket: isSet(20n),
    bits,
  };
}

function readKeyInfo(
  bits: number,
): Pick<SnpReport, 'authorKeyEnabled' | 'chipKeyMasked' | 'signingKey'> {
  const signingKey = SIGNING_KEYS.get((bits >>> 2) & 0b111);
  if (signingKey === undefined || bits > 0b11111) {
    throw wrongField(
      'key information',
      'VCEK, VLEK or none, other bits zero',
      `0x${bits.toString(16)}`,
    );
  }
  return { authorKeyEnabled: (bits & 1) === 1, chipKeyMasked: (bits & 2) === 2, signingKey };
}

const SIGNING_KEYS: ReadonlyMap<number, SnpSigningKey> = new Map([
  [0, 'vcek'],
  [1, 'vlek'],
  [7, 'none'],
]);

function readCpuid(version: number, cursor: ByteCursor): Pick<SnpReport, 'cpuid'> {
  if (version < 3) {
    reserved('0x188', cursor.take(24));
    return {};
  }
  const cpuid = { family: cursor.number(1), model: cursor.number(1), stepping: cursor.number(1) };
  reserved('0x18b', cursor.take(21));
  return { cpuid };
}

function readFirmwareVersion(cursor: ByteCursor): SnpFirmwareVersion {
  const build = cursor.number(1);
  const minor = cursor.number(1);
  const major = cursor.number(1);
  reserved('after a firmware version', cursor.take(1));
  return { major, minor, build };
}

function readMitigations(
  version: number,
  cursor: ByteCursor,
): Pick<SnpReport, 'launchMitigations' | 'currentMitigations'> {
  // Before version 5 these bytes are part of the reserved field that follows, and checked with it.
  if (version < 5) return {};
  return { launchMitigations: longNumber(cursor), currentMitigations: longNumber(cursor) };
}

function readSignature(cursor: ByteCursor): Uint8Array {
  const r = readNumber(cursor.take(STORED_NUMBER_BYTES));
  const s = readNumber(cursor.take(STORED_NUMBER_BYTES));
  reserved('after the signature', cursor.take(cursor.left));
  return concatBytes(r, s);
}

// Stored little-endian and padded; everybody else wants big-endian.
function readNumber(stored: Uint8Array): Uint8Array {
  reserved('above a signature number', stored.subarray(P384_BYTES));
  return stored.slice(0, P384_BYTES).reverse();
}

function reserved(where: string, bytes: Uint8Array): void {
  if (!isAllZero(bytes)) throw wrongField(`reserved field ${where}`, 'zero', toHex(bytes));
}

function wrongField(what: string, expected: string, seen: string | number): EvidenceError {
  return new EvidenceError('ERR_SNP_REPORT_FIELD', `${what} has an undefined value`, {
    expected,
    seen: String(seen),
  });
}

// 64 bits, as two numbers that are exact.
function longNumber(cursor: ByteCursor): bigint {
  const low = cursor.number(4);
  return (BigInt(cursor.number(4)) << 32n) | BigInt(low);
}
