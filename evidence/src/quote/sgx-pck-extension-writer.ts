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
import { quoteError, sized } from './quote-error.ts';
import {
  PCK_MEMBER,
  SGX_PCK_EXTENSION_OID,
  SGX_TYPES,
  TCB_COMPONENTS,
  type PckExtension,
} from './sgx-pck-extension.ts';

/**
 * Writes the SGX extension of a PCK certificate, not critical.
 *
 * @throws EvidenceError `ERR_QUOTE_WRITE`
 */
export function encodePckExtension(pck: PckExtension): CertificateExtension {
  const { configuration, platformInstanceId } = pck;
  const value = derSequence(
    octets(PCK_MEMBER.ppid, pck.ppid, 16),
    member(PCK_MEMBER.tcb, encodeTcb(pck.tcb)),
    octets(PCK_MEMBER.pceId, pck.pceId, 2),
    octets(PCK_MEMBER.fmspc, pck.fmspc, 6),
    member(PCK_MEMBER.sgxType, derEnumerated(SGX_TYPES.indexOf(pck.sgxType))),
    ...(platformInstanceId === undefined
      ? []
      : [octets(PCK_MEMBER.platformInstanceId, platformInstanceId, 16)]),
    ...(configuration === undefined
      ? []
      : [member(PCK_MEMBER.configuration, encodeConfiguration(configuration))]),
  );
  return { oid: SGX_PCK_EXTENSION_OID, critical: false, value };
}

function encodeTcb({ components, pceSvn, cpuSvn }: PckExtension['tcb']): Uint8Array {
  if (components.length !== TCB_COMPONENTS) {
    throw quoteError(
      'ERR_QUOTE_WRITE',
      'TCB has a wrong number of components',
      String(TCB_COMPONENTS),
      components.length,
    );
  }
  return derSequence(
    ...components.map((svn, index) => number(`${PCK_MEMBER.tcb}.${index + 1}`, svn, 0xff)),
    number(PCK_MEMBER.pceSvn, pceSvn, 0xffff),
    octets(PCK_MEMBER.cpuSvn, cpuSvn, 16),
  );
}

function encodeConfiguration(
  configuration: NonNullable<PckExtension['configuration']>,
): Uint8Array {
  return derSequence(
    member(PCK_MEMBER.dynamicPlatform, derBoolean(configuration.dynamicPlatform)),
    member(PCK_MEMBER.cachedKeys, derBoolean(configuration.cachedKeys)),
    member(PCK_MEMBER.smtEnabled, derBoolean(configuration.smtEnabled)),
  );
}

function number(oid: string, value: number, max: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw quoteError('ERR_QUOTE_WRITE', `${oid} is out of range`, `0 to ${max}`, value);
  }
  return member(oid, derInteger(BigInt(value)));
}

function octets(oid: string, bytes: Uint8Array, size: number): Uint8Array {
  return member(oid, derOctetString(sized(oid, bytes, size)));
}

function member(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), value);
}
