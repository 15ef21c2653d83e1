// SPDX-License-Identifier: Apache-2.0
import { type DerElement, parseDer } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { readBoolean, readEnumerated, readSmallInteger } from '../asn1/der-values.ts';
import { within } from '../errors.ts';
import type { CertificateFields } from '../x509/certificate.ts';
import {
  CACHED_KEYS,
  CONFIGURATION,
  CPU_SVN,
  DYNAMIC_PLATFORM,
  FMSPC,
  PCE_ID,
  PCE_SVN,
  PLATFORM_INSTANCE_ID,
  PPID,
  SGX_TYPE,
  SMT_ENABLED,
  TCB,
} from './pck-arcs.ts';
import { octets, readPckMembers } from './pck-members.ts';

/**
 * OID of the extension of PCK certificates (Intel SGX PCK certificate and CRL profile, section
 * 1.3.5).
 */
export const SGX_PCK_EXTENSION_OID = '1.2.840.113741.1.13.1';

/** Number of SVN components of a TCB. */
export const TCB_COMPONENTS = 16;

/** How a machine runs SGX. */
export type SgxType = 'standard' | 'scalable' | 'scalable-with-integrity';

/** What Intel certifies about a machine in its PCK certificate. */
export interface PckExtension {
  /** 16 bytes; identifies the machine. */
  readonly ppid: Uint8Array;
  readonly tcb: {
    /** 16 numbers, 0 to 255. */
    readonly components: readonly number[];
    readonly pceSvn: number;
    /** 16 bytes. */
    readonly cpuSvn: Uint8Array;
  };
  /** 2 bytes. */
  readonly pceId: Uint8Array;
  /**
   * 6 bytes: family, model, stepping, platform type and custom SKU. Chooses the TCB information.
   */
  readonly fmspc: Uint8Array;
  readonly sgxType: SgxType;
  /** 16 bytes; only below the Platform CA. */
  readonly platformInstanceId?: Uint8Array;
  /** Only below the Platform CA. */
  readonly configuration?: {
    readonly dynamicPlatform: boolean;
    readonly cachedKeys: boolean;
    readonly smtEnabled: boolean;
  };
}

/** Values of {@link SgxType} in the order of their numbers. */
export const SGX_TYPES: readonly SgxType[] = ['standard', 'scalable', 'scalable-with-integrity'];

/**
 * Reads the SGX extension of a PCK certificate.
 *
 * Every member is there once, and there are no others: a second FMSPC would let two readers choose
 * different TCB information.
 *
 * @throws EvidenceError `ERR_PCK_EXTENSION`
 */
export function parsePckExtension({
  extensions,
}: Pick<CertificateFields, 'extensions'>): PckExtension {
  return within('ERR_PCK_EXTENSION', 'PCK certificate', () => {
    const extension = extensions.get(SGX_PCK_EXTENSION_OID);
    if (extension === undefined) throw derInvalid('extension', SGX_PCK_EXTENSION_OID);
    return readExtension(parseDer(extension.value));
  });
}

function readExtension(list: DerElement): PckExtension {
  return readPckMembers(list, SGX_PCK_EXTENSION_OID, (take, has) => ({
    ppid: take(PPID, octets(16)),
    tcb: take(TCB, readTcb),
    pceId: take(PCE_ID, octets(2)),
    fmspc: take(FMSPC, octets(6)),
    sgxType: take(SGX_TYPE, readSgxType),
    ...(has(PLATFORM_INSTANCE_ID) && {
      platformInstanceId: take(PLATFORM_INSTANCE_ID, octets(16)),
    }),
    ...(has(CONFIGURATION) && {
      configuration: take(CONFIGURATION, readConfiguration),
    }),
  }));
}

function readTcb(list: DerElement): PckExtension['tcb'] {
  return readPckMembers(list, `${SGX_PCK_EXTENSION_OID}.${TCB}`, (take) => ({
    components: Array.from({ length: TCB_COMPONENTS }, (_, index) =>
      take(index + 1, (svn) => readSmallInteger(svn, 0xff)),
    ),
    pceSvn: take(PCE_SVN, (svn) => readSmallInteger(svn, 0xffff)),
    cpuSvn: take(CPU_SVN, octets(16)),
  }));
}

function readSgxType(element: DerElement): SgxType {
  const number = readEnumerated(element, 0xff);
  const type = SGX_TYPES[number];
  if (type === undefined) throw derInvalid('SGX type', '0 to 2', `${number}`);
  return type;
}

function readConfiguration(list: DerElement): NonNullable<PckExtension['configuration']> {
  return readPckMembers(list, `${SGX_PCK_EXTENSION_OID}.${CONFIGURATION}`, (take) => ({
    dynamicPlatform: take(DYNAMIC_PLATFORM, readBoolean),
    cachedKeys: take(CACHED_KEYS, readBoolean),
    smtEnabled: take(SMT_ENABLED, readBoolean),
  }));
}
