// SPDX-License-Identifier: Apache-2.0
import {
  derBoolean,
  derEnumerated,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from '../asn1/der-writer.ts';
import type { CertificateExtension } from '../x509/extension-writer.ts';
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
import { quoteWrite, sized } from './quote-error.ts';
import {
  SGX_PCK_EXTENSION_OID,
  SGX_TYPES,
  TCB_COMPONENTS,
  type PckExtension,
} from './sgx-pck-extension.ts';

const TCB_OID = `${SGX_PCK_EXTENSION_OID}.${TCB}`;
const CONFIGURATION_OID = `${SGX_PCK_EXTENSION_OID}.${CONFIGURATION}`;

/**
 * Writes the SGX extension of a PCK certificate, not critical.
 *
 * @throws EvidenceError `ERR_QUOTE_WRITE`
 */
export function encodePckExtension(pck: PckExtension): CertificateExtension {
  const { configuration, platformInstanceId } = pck;
  const value = derSequence(
    octets(`${SGX_PCK_EXTENSION_OID}.${PPID}`, pck.ppid, 16),
    member(`${SGX_PCK_EXTENSION_OID}.${TCB}`, encodeTcb(pck.tcb)),
    octets(`${SGX_PCK_EXTENSION_OID}.${PCE_ID}`, pck.pceId, 2),
    octets(`${SGX_PCK_EXTENSION_OID}.${FMSPC}`, pck.fmspc, 6),
    member(`${SGX_PCK_EXTENSION_OID}.${SGX_TYPE}`, derEnumerated(SGX_TYPES.indexOf(pck.sgxType))),
    ...(platformInstanceId === undefined
      ? []
      : [octets(`${SGX_PCK_EXTENSION_OID}.${PLATFORM_INSTANCE_ID}`, platformInstanceId, 16)]),
    ...(configuration === undefined
      ? []
      : [member(`${SGX_PCK_EXTENSION_OID}.${CONFIGURATION}`, encodeConfiguration(configuration))]),
  );
  return { oid: SGX_PCK_EXTENSION_OID, critical: false, value };
}

function encodeTcb({ components, pceSvn, cpuSvn }: PckExtension['tcb']): Uint8Array {
  if (components.length !== TCB_COMPONENTS) {
    throw quoteWrite(
      'TCB has a wrong number of components',
      String(TCB_COMPONENTS),
      components.length,
    );
  }
  return derSequence(
    ...components.map((svn, index) => number(`${TCB_OID}.${index + 1}`, svn, 0xff)),
    number(`${TCB_OID}.${PCE_SVN}`, pceSvn, 0xffff),
    octets(`${TCB_OID}.${CPU_SVN}`, cpuSvn, 16),
  );
}

function encodeConfiguration(
  configuration: NonNullable<PckExtension['configuration']>,
): Uint8Array {
  return derSequence(
    member(`${CONFIGURATION_OID}.${DYNAMIC_PLATFORM}`, derBoolean(configuration.dynamicPlatform)),
    member(`${CONFIGURATION_OID}.${CACHED_KEYS}`, derBoolean(configuration.cachedKeys)),
    member(`${CONFIGURATION_OID}.${SMT_ENABLED}`, derBoolean(configuration.smtEnabled)),
  );
}

function number(oid: string, value: number, max: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw quoteWrite(`${oid} is out of range`, `0 to ${max}`, value);
  }
  return member(oid, derInteger(BigInt(value)));
}

function octets(oid: string, bytes: Uint8Array, size: number): Uint8Array {
  return member(oid, derOctetString(sized(oid, bytes, size)));
}

function member(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), value);
}
