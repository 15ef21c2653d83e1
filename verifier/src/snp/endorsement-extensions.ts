// SPDX-License-Identifier: Apache-2.0
import { type Certificate, type DerReader, EvidenceError, readDer } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import type { SnpTcbVersion } from './snp-tcb.ts';

/** What AMD certifies about the key that signs reports. */
export interface SnpEndorsement {
  /** Name of the processor line, such as `Milan`. */
  readonly product: string;
  readonly tcb: SnpTcbVersion;
  /** 64 bytes; absent for a VLEK. */
  readonly hardwareId: Uint8Array | undefined;
}

// Extensions of VCEK and VLEK (AMD specification 57230, VCEK certificate and KDS interface, tables 9 and 10).
const ARC = '1.3.6.1.4.1.3704.1';
const EXTENSION = {
  product: `${ARC}.2`,
  bootLoader: `${ARC}.3.1`,
  tee: `${ARC}.3.2`,
  snp: `${ARC}.3.3`,
  microcode: `${ARC}.3.8`,
  hardwareId: `${ARC}.4`,
} as const;
const HARDWARE_ID_BYTES = 64;

/** Processor lines whose TCB layout we know. */
const PRODUCTS = ['Milan', 'Genoa'];

/**
 * Reads AMD's extensions of a VCEK or VLEK certificate.
 *
 * @throws VerifierError `ERR_SNP_EXTENSION`
 */
export function readEndorsement(certificate: Certificate): SnpEndorsement {
  const svn = (name: keyof typeof EXTENSION): number =>
    read(certificate, name, (der) => der.smallInteger(0xff));
  const hardwareId = certificate.extensions.get(EXTENSION.hardwareId)?.value;
  if (hardwareId !== undefined && hardwareId.length !== HARDWARE_ID_BYTES) {
    refuse('hardwareId', `${HARDWARE_ID_BYTES} bytes`, `${hardwareId.length} bytes`);
  }
  return {
    product: readProduct(certificate),
    tcb: {
      bootLoader: svn('bootLoader'),
      tee: svn('tee'),
      snp: svn('snp'),
      microcode: svn('microcode'),
    },
    hardwareId,
  };
}

// Written with its stepping, such as `Milan-B0`.
function readProduct(certificate: Certificate): string {
  const name = read(certificate, 'product', (der) => der.text());
  const product = PRODUCTS.find((known) => name === known || name.startsWith(`${known}-`));
  return product ?? refuse('product', PRODUCTS.join(' or '), name);
}

function read<Value>(
  certificate: Certificate,
  name: keyof typeof EXTENSION,
  decode: (der: DerReader) => Value,
): Value {
  const extension = certificate.extensions.get(EXTENSION[name]);
  if (extension === undefined) return refuse(name, EXTENSION[name], 'nothing');
  try {
    return readDer(extension.value, decode);
  } catch (error) {
    if (error instanceof EvidenceError) return refuse(name, 'a DER value', error.message);
    throw error;
  }
}

function refuse(name: string, expected: string, seen: string): never {
  throw new VerifierError('ERR_SNP_EXTENSION', `AMD’s ${name} extension is unusable`, {
    expected,
    seen,
  });
}
