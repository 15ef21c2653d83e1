// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  type DerElement,
  EvidenceError,
  parseDer,
  readSmallInteger,
  readText as readDerText,
} from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { SNP_PRODUCTS, type SnpProduct, type TcbComponent } from './product.ts';

/** What AMD certifies about the key that signs reports. */
export type SnpEndorsement = VcekEndorsement | VlekEndorsement;

interface CommonEndorsement {
  readonly product: SnpProduct;
  /** The TCB version that the key belongs to: 8 bytes as in a report. */
  readonly tcb: Uint8Array;
}

/** A key of one chip. */
export interface VcekEndorsement extends CommonEndorsement {
  readonly kind: 'vcek';
  /** 64 bytes, or 8 from Turin on. */
  readonly chipId: Uint8Array;
}

/** A key that AMD leased to a cloud for all its chips. */
export interface VlekEndorsement extends CommonEndorsement {
  readonly kind: 'vlek';
  /** Whose key it is, as AMD names it. */
  readonly cloud: string;
}

// Extensions of VCEK and VLEK (AMD specification 57230, VCEK certificate and KDS interface, tables 9 to 12).
const ARC = '1.3.6.1.4.1.3704.1';
const EXTENSION = {
  structVersion: `${ARC}.1`,
  product: `${ARC}.2`,
  bootLoader: `${ARC}.3.1`,
  tee: `${ARC}.3.2`,
  snp: `${ARC}.3.3`,
  spl4: `${ARC}.3.4`,
  spl5: `${ARC}.3.5`,
  spl6: `${ARC}.3.6`,
  spl7: `${ARC}.3.7`,
  microcode: `${ARC}.3.8`,
  fmc: `${ARC}.3.9`,
  chipId: `${ARC}.4`,
  cloud: `${ARC}.5`,
} as const;
type ExtensionName = keyof typeof EXTENSION;

/** Highest structure version that the extension could name: it is a byte. */
const MAX_STRUCT_VERSION = 0xff;

/**
 * Reads AMD's extensions of a VCEK or VLEK certificate. Each kind has its own: a chip's id or a cloud's name.
 *
 * @param kind as the certificate's common name says
 * @throws VerifierError `ERR_SNP_EXTENSION`
 */
export function readEndorsement(certificate: Certificate, kind: 'vcek' | 'vlek'): SnpEndorsement {
  const product = readProduct(certificate);
  const structVersion = readNumber(certificate, 'structVersion', MAX_STRUCT_VERSION);
  if (structVersion !== product.structVersion) {
    refuse('structVersion', `${product.structVersion} for ${product.name}`, String(structVersion));
  }
  const tcb = Uint8Array.from(product.tcbLayout, (name) => readSvn(certificate, name));
  refuseExtension(certificate, kind === 'vcek' ? 'cloud' : 'chipId');
  return kind === 'vcek'
    ? { kind, product, tcb, chipId: readChipId(certificate, product) }
    : { kind, product, tcb, cloud: readText(certificate, 'cloud') };
}

// Written with its stepping, such as `Milan-B0`.
function readProduct(certificate: Certificate): SnpProduct {
  const text = readText(certificate, 'product');
  const found = SNP_PRODUCTS.find(({ name }) => text === name || text.startsWith(`${name}-`));
  return found ?? refuse('product', SNP_PRODUCTS.map(({ name }) => name).join(' or '), text);
}

function readSvn(certificate: Certificate, name: TcbComponent): number {
  // Reserved components stand for nothing yet; where there is none, reports have zero.
  if (name.startsWith('spl') && !certificate.extensions.has(EXTENSION[name])) return 0;
  return readNumber(certificate, name, 0xff);
}

// The one extension whose value is not DER.
function readChipId(certificate: Certificate, { chipIdBytes }: SnpProduct): Uint8Array {
  const value = valueOf(certificate, 'chipId');
  if (value.length === chipIdBytes) return value;
  return refuse('chipId', `${chipIdBytes} bytes`, `${value.length} bytes`);
}

function refuseExtension(certificate: Certificate, name: ExtensionName): void {
  if (certificate.extensions.has(EXTENSION[name])) {
    refuse(name, 'no such extension in a certificate of this kind', EXTENSION[name]);
  }
}

function readNumber(certificate: Certificate, name: ExtensionName, max: number): number {
  return read(certificate, name, (value) => readSmallInteger(value, max));
}

function readText(certificate: Certificate, name: ExtensionName): string {
  return read(certificate, name, readDerText);
}

function read<Value>(
  certificate: Certificate,
  name: ExtensionName,
  decode: (value: DerElement) => Value,
): Value {
  try {
    return decode(parseDer(valueOf(certificate, name)));
  } catch (error) {
    if (error instanceof EvidenceError) return refuse(name, 'a DER value', error.message);
    throw error;
  }
}

function valueOf(certificate: Certificate, name: ExtensionName): Uint8Array {
  const extension = certificate.extensions.get(EXTENSION[name]);
  return extension?.value ?? refuse(name, EXTENSION[name], 'nothing');
}

function refuse(name: ExtensionName, expected: string, seen: string): never {
  throw new VerifierError('ERR_SNP_EXTENSION', `AMD’s ${name} extension is unusable`, {
    expected,
    seen,
  });
}
