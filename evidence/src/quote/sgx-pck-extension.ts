// SPDX-License-Identifier: Apache-2.0
import { derInvalid } from '../asn1/der-error.ts';
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { EvidenceError } from '../errors.ts';
import type { Certificate } from '../x509/certificate.ts';
import { PckMembers } from './pck-members.ts';

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

/** OIDs of the members; TCB components have the numbers 1 to 16 below `tcb`. */
export const PCK_MEMBER = {
  ppid: '1.2.840.113741.1.13.1.1',
  tcb: '1.2.840.113741.1.13.1.2',
  pceSvn: '1.2.840.113741.1.13.1.2.17',
  cpuSvn: '1.2.840.113741.1.13.1.2.18',
  pceId: '1.2.840.113741.1.13.1.3',
  fmspc: '1.2.840.113741.1.13.1.4',
  sgxType: '1.2.840.113741.1.13.1.5',
  platformInstanceId: '1.2.840.113741.1.13.1.6',
  configuration: '1.2.840.113741.1.13.1.7',
  dynamicPlatform: '1.2.840.113741.1.13.1.7.1',
  cachedKeys: '1.2.840.113741.1.13.1.7.2',
  smtEnabled: '1.2.840.113741.1.13.1.7.3',
} as const;

/**
 * Reads the SGX extension of a PCK certificate.
 *
 * Every member is there once, and there are no others: a second FMSPC would let two readers choose
 * different TCB information.
 *
 * @throws EvidenceError `ERR_PCK_EXTENSION`
 */
export function parsePckExtension(certificate: Pick<Certificate, 'extensions'>): PckExtension {
  const extension = certificate.extensions.get(SGX_PCK_EXTENSION_OID);
  if (extension === undefined) {
    throw new EvidenceError('ERR_PCK_EXTENSION', 'certificate has no SGX extension', {
      expected: SGX_PCK_EXTENSION_OID,
    });
  }
  try {
    return readDer(extension.value, readExtension);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceError(
      'ERR_PCK_EXTENSION',
      `SGX extension of the PCK certificate is malformed: ${cause.message}`,
      { cause },
    );
  }
}

function readExtension(der: DerReader): PckExtension {
  const members = new PckMembers(der);
  const configuration = members.optional(PCK_MEMBER.configuration, readConfiguration);
  const extension = {
    ppid: members.octets(PCK_MEMBER.ppid, 16),
    tcb: members.required(PCK_MEMBER.tcb, readTcb),
    pceId: members.octets(PCK_MEMBER.pceId, 2),
    fmspc: members.octets(PCK_MEMBER.fmspc, 6),
    sgxType: members.required(PCK_MEMBER.sgxType, readSgxType),
    ...(members.has(PCK_MEMBER.platformInstanceId)
      ? { platformInstanceId: members.octets(PCK_MEMBER.platformInstanceId, 16) }
      : {}),
    ...(configuration === undefined ? {} : { configuration }),
  };
  members.finish();
  return extension;
}

function readTcb(der: DerReader): PckExtension['tcb'] {
  const members = new PckMembers(der);
  const components = Array.from({ length: TCB_COMPONENTS }, (_, index) =>
    members.required(`${PCK_MEMBER.tcb}.${index + 1}`, (value) => value.smallInteger(0xff)),
  );
  const pceSvn = members.required(PCK_MEMBER.pceSvn, (value) => value.smallInteger(0xffff));
  const cpuSvn = members.octets(PCK_MEMBER.cpuSvn, 16);
  members.finish();
  return { components, pceSvn, cpuSvn };
}

function readSgxType(der: DerReader): SgxType {
  const number = der.enumerated(0xff);
  const type = SGX_TYPES[number];
  if (type === undefined) throw derInvalid('SGX type is unknown', '0 to 2', String(number));
  return type;
}

function readConfiguration(der: DerReader): NonNullable<PckExtension['configuration']> {
  const members = new PckMembers(der);
  const flag = (oid: string): boolean => members.required(oid, (value) => value.boolean());
  const configuration = {
    dynamicPlatform: flag(PCK_MEMBER.dynamicPlatform),
    cachedKeys: flag(PCK_MEMBER.cachedKeys),
    smtEnabled: flag(PCK_MEMBER.smtEnabled),
  };
  members.finish();
  return configuration;
}
