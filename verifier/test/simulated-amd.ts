// SPDX-License-Identifier: Apache-2.0
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  type CertificateExtension,
  concatBytes,
  crlNumberExtension,
  derBitString,
  derBoolean,
  derContext,
  derIa5String,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  encodeName,
  fromHex,
  keyUsageExtension,
  sha256,
  subjectKeyIdExtension,
  toHex,
} from '@proofgate/evidence';
import type { SnpEndorsements } from '@proofgate/verifier';

/** A chip, a cloud's key and their maker, in software. Every default is sound; each wish changes one thing. */
export interface AmdWish {
  readonly product?: 'Milan' | 'Genoa' | 'Turin' | 'Venice';
  readonly kind?: 'vcek' | 'vlek';
  readonly version?: number;
  /** TCB version as in the report, and the SVNs in the certificate: last digits of the OID → value. */
  readonly reportedTcb?: string;
  readonly svns?: Readonly<Record<string, number>>;
  /** Chip id in the report and in the certificate. */
  readonly chipId?: Uint8Array;
  readonly certifiedChipId?: Uint8Array;
  readonly cloud?: string;
  readonly structVersion?: number;
  readonly productName?: string;
  readonly family?: number;
  /** Extensions of the leaf that are left out, by the last digits of their OID. */
  readonly without?: readonly string[];
  readonly more?: readonly CertificateExtension[];
  readonly names?: {
    readonly root?: string;
    readonly intermediate?: string;
    readonly leaf?: string;
  };
  /** Changes the report before and after it is signed. */
  readonly report?: (bytes: Uint8Array) => void;
  readonly signed?: (bytes: Uint8Array) => void;
  readonly root?: readonly CertificateExtension[];
  readonly intermediate?: readonly CertificateExtension[];
  readonly leafCurve?: 'P-256' | 'P-384';
  /** Signs the leaf in place of the intermediate. */
  readonly leafSigner?: 'root' | 'stranger';
  readonly saltLength?: number;
  readonly revoked?: readonly bigint[];
  readonly listSigner?: 'intermediate';
  readonly listUntil?: Date;
}

export interface SimulatedAmd {
  readonly report: Uint8Array;
  readonly endorsements: SnpEndorsements;
  readonly root: { readonly sha256: string };
}

export const AMD_NOW = new Date('2026-06-01T12:00:00Z');
const DAY_MS = 86_400_000;
export const INTERMEDIATE_SERIAL = 0x010001n;

// AMD's keys have 4096 bits, which take seconds to make.
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEYS = { root: rsa(), intermediate: rsa(), stranger: rsa() };

const ARC = '1.3.6.1.4.1.3704.1';
const REPORT_BYTES = 1184;
const SIGNED_BYTES = 0x2a0;
/** Where the fields of a report are. */
export const OFFSET = {
  policy: 0x08,
  vmpl: 0x30,
  keyInfo: 0x48,
  reportData: 0x50,
  measurement: 0x90,
  reportedTcb: 0x180,
  cpuid: 0x188,
  chipId: 0x1a0,
  launchMitigations: 0x1f8,
  currentMitigations: 0x200,
  reserved: 0x208,
} as const;

const SOUND = {
  Milan: { tcb: '0300000000000873', svns: { 1: 3, 2: 0, 3: 8, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0x73 } },
  Turin: { tcb: '0102030400000048', svns: { 9: 1, 1: 2, 2: 3, 3: 4, 5: 0, 6: 0, 7: 0, 8: 0x48 } },
} as const;

/** Makes a report with the chain behind it. */
export function simulatedAmd(wish: AmdWish = {}): SimulatedAmd {
  const product = wish.product ?? 'Milan';
  const vlek = wish.kind === 'vlek';
  const root = encodeName({ commonName: wish.names?.root ?? `ARK-${product}` });
  const intermediate = encodeName({
    commonName: wish.names?.intermediate ?? (vlek ? `SEV-VLEK-${product}` : `SEV-${product}`),
  });
  const leaf = encodeName({
    commonName: wish.names?.leaf ?? (vlek ? 'SEV-VLEK' : 'SEV-VCEK'),
  });
  const leafKeys = generateKeyPairSync('ec', { namedCurve: wish.leafCurve ?? 'P-384' });
  const ark = certificate({
    serial: 0x010000n,
    issuer: root,
    subject: root,
    key: KEYS.root.publicKey,
    signer: KEYS.root.privateKey,
    extensions: wish.root ?? caExtensions('root'),
  });
  const ask = certificate({
    serial: INTERMEDIATE_SERIAL,
    issuer: root,
    subject: intermediate,
    key: KEYS.intermediate.publicKey,
    signer: KEYS.root.privateKey,
    extensions: wish.intermediate ?? caExtensions('intermediate', 0),
    saltLength: wish.saltLength,
  });
  const endorsed = certificate({
    // AMD gives every VCEK the serial number 0.
    serial: vlek ? 0x5eedn : 0n,
    issuer: intermediate,
    subject: leaf,
    key: leafKeys.publicKey,
    signer: KEYS[wish.leafSigner ?? 'intermediate'].privateKey,
    extensions: leafExtensions(wish),
  });
  return {
    report: signReport(reportBytes(wish), leafKeys.privateKey, wish),
    endorsements: {
      chain: [endorsed, ask, ark],
      ...(wish.revoked === undefined ? {} : { revocationList: revocationList(root, wish) }),
    },
    root: { sha256: toHex(sha256(ark)) },
  };
}

export function caExtensions(
  which: 'root' | 'intermediate',
  pathLength?: number,
): CertificateExtension[] {
  return [
    basicConstraintsExtension({ ca: true, pathLength }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
    subjectKeyIdExtension(keyId(which)),
  ];
}

function keyId(which: keyof typeof KEYS): Uint8Array {
  const spki = KEYS[which].publicKey.export({ type: 'spki', format: 'der' });
  return sha256(new Uint8Array(spki)).slice(0, 20);
}

function leafExtensions(wish: AmdWish): CertificateExtension[] {
  const turin = wish.product === 'Turin';
  const vlek = wish.kind === 'vlek';
  const svns = { ...SOUND[turin ? 'Turin' : 'Milan'].svns, ...wish.svns };
  const own: readonly (readonly [string, Uint8Array])[] = [
    ['1', derInteger(BigInt(wish.structVersion ?? (turin ? 1 : 0)))],
    ['2', derIa5String(wish.productName ?? `${wish.product ?? 'Milan'}${vlek ? '' : '-B0'}`)],
    ...Object.entries(svns).map(
      ([digits, svn]) => [`3.${digits}`, derInteger(BigInt(svn))] as const,
    ),
    vlek
      ? ['5', derIa5String(wish.cloud ?? 'CN=cloud.example')]
      : ['4', wish.certifiedChipId ?? chip(wish).slice(0, turin ? 8 : 64)],
  ];
  return [
    ...own
      .filter(([digits]) => wish.without?.includes(digits) !== true)
      .map(([digits, value]) => ({ oid: `${ARC}.${digits}`, critical: false, value })),
    ...(wish.more ?? []),
  ];
}

function chip(wish: AmdWish): Uint8Array {
  const id = new Uint8Array(64);
  id.fill(0xc4, 0, wish.product === 'Turin' ? 8 : 64);
  return id;
}

function reportBytes(wish: AmdWish): Uint8Array {
  const turin = wish.product === 'Turin';
  const bytes = new Uint8Array(REPORT_BYTES);
  const version = wish.version ?? 3;
  bytes[0] = version;
  // SMT allowed, and bit 17, which is always one.
  bytes[OFFSET.policy + 2] = 0x03;
  bytes[0x34] = 1;
  bytes[OFFSET.keyInfo] = wish.kind === 'vlek' ? 1 << 2 : 0;
  bytes.fill(0xd0, OFFSET.reportData, OFFSET.reportData + 64);
  bytes.fill(0xa7, OFFSET.measurement, OFFSET.measurement + 48);
  const tcb = fromHex(wish.reportedTcb ?? SOUND[turin ? 'Turin' : 'Milan'].tcb);
  for (const offset of [0x38, OFFSET.reportedTcb, 0x1e0, 0x1f0]) bytes.set(tcb, offset);
  if (version >= 3) bytes.set([wish.family ?? (turin ? 0x1a : 0x19), 0x11, 1], OFFSET.cpuid);
  bytes.set(wish.chipId ?? (wish.kind === 'vlek' ? new Uint8Array(64) : chip(wish)), OFFSET.chipId);
  wish.report?.(bytes);
  return bytes;
}

function signReport(bytes: Uint8Array, key: KeyObject, { signed }: AmdWish): Uint8Array {
  const signature = sign('sha384', bytes.subarray(0, SIGNED_BYTES), {
    key,
    dsaEncoding: 'ieee-p1363',
  });
  // Each number is stored little-endian in 72 bytes.
  const half = signature.length / 2;
  bytes.set(new Uint8Array(signature.subarray(0, half)).toReversed(), SIGNED_BYTES);
  bytes.set(new Uint8Array(signature.subarray(half)).toReversed(), SIGNED_BYTES + 72);
  signed?.(bytes);
  return bytes;
}

// RFC 4055, section 3.1: SHA-384, MGF1 over SHA-384, a salt of 48 bytes.
const SHA384 = derSequence(derOid('2.16.840.1.101.3.4.2.2'), derNull());
const RSA_PSS = derSequence(
  derOid('1.2.840.113549.1.1.10'),
  derSequence(
    derContext(0, true, SHA384),
    derContext(1, true, derSequence(derOid('1.2.840.113549.1.1.8'), SHA384)),
    derContext(2, true, derInteger(48n)),
  ),
);

interface Certified {
  readonly serial: bigint;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly CertificateExtension[];
  readonly saltLength?: number | undefined;
}

function certificate(content: Certified): Uint8Array {
  const tbs = derSequence(
    derContext(0, true, derInteger(2n)),
    derInteger(content.serial),
    RSA_PSS,
    content.issuer,
    derSequence(
      derTime(new Date(AMD_NOW.getTime() - 30 * DAY_MS)),
      derTime(new Date(AMD_NOW.getTime() + 30 * DAY_MS)),
    ),
    content.subject,
    new Uint8Array(content.key.export({ type: 'spki', format: 'der' })),
    extensionList(3, content.extensions),
  );
  return signPss(tbs, content.signer, content.saltLength);
}

function revocationList(issuer: Uint8Array, wish: AmdWish): Uint8Array {
  const entries = (wish.revoked ?? []).map((serial) =>
    derSequence(derInteger(serial), derTime(AMD_NOW)),
  );
  const tbs = derSequence(
    derInteger(1n),
    RSA_PSS,
    issuer,
    derTime(new Date(AMD_NOW.getTime() - DAY_MS)),
    derTime(wish.listUntil ?? new Date(AMD_NOW.getTime() + DAY_MS)),
    ...(entries.length === 0 ? [] : [derSequence(...entries)]),
    extensionList(0, [authorityKeyIdExtension(keyId('root')), crlNumberExtension(4n)]),
  );
  return signPss(tbs, KEYS[wish.listSigner ?? 'root'].privateKey);
}

function extensionList(tag: number, extensions: readonly CertificateExtension[]): Uint8Array {
  const elements = extensions.map(({ oid, critical, value }) =>
    derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value)),
  );
  return derContext(tag, true, derSequence(...elements));
}

function signPss(tbs: Uint8Array, key: KeyObject, saltLength = 48): Uint8Array {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = new Uint8Array(sign('sha384', tbs, { key, padding, saltLength }));
  return concatBytes(derSequence(tbs, RSA_PSS, derBitString(signature)));
}
