// SPDX-License-Identifier: Apache-2.0
import type { JsonFields } from '../json/json-fields.ts';
import {
  type DatedDocument,
  MAX_LEVELS,
  openDocument,
  readAdvisories,
  readDates,
  readIsvSvnLevels,
  readWord,
} from './collateral-document.ts';
import { descendingLevels } from './descending-levels.ts';
import type { IsvSvnLevel } from './isv-svn-level.ts';
import { COMPONENT_COUNT, levelNumbers, type TcbLevel } from './tcb-level.ts';
import { PLATFORM_STATUSES } from './tcb-status.ts';

/** What Intel says a TDX module must look like. */
export interface TdxModule {
  /** 48 bytes; zero for Intel's own module. */
  readonly mrSigner: Uint8Array;
  /** 8 bytes each. */
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

/** A TDX module of one major version, with its own version levels. */
export interface TdxModuleIdentity extends TdxModule {
  /** `TDX_` and the major version as two hex digits. */
  readonly id: string;
  readonly levels: readonly IsvSvnLevel[];
}

/** Intel's statement about the platforms of one FMSPC (PCS API v4, TCB info version 3). */
export interface TcbInfo extends DatedDocument {
  readonly tee: 'tdx' | 'sgx';
  /** 6 bytes. */
  readonly fmspc: Uint8Array;
  /** 2 bytes. */
  readonly pceId: Uint8Array;
  /** Highest first. */
  readonly levels: readonly TcbLevel[];
  /** For TDX only. */
  readonly tdx:
    { readonly module: TdxModule; readonly identities: readonly TdxModuleIdentity[] } | undefined;
}

const WHAT = 'TCB info';
/** One for each major version of the TDX module, which is a byte. */
const MAX_MODULE_IDENTITIES = 256;
const MODULE_ID = /^TDX_[0-9A-F]{2}$/;

/**
 * Reads TCB info. Its signature must have been verified before the result is used.
 *
 * @param text the signed bytes, as served
 * @throws VerifierError `ERR_DCAP_COLLATERAL_INVALID`
 */
export function parseTcbInfo(text: string): TcbInfo {
  const fields = openDocument(text, WHAT);
  const tee = readWord(fields, 'id', ['TDX', 'SGX']) === 'TDX' ? 'tdx' : 'sgx';
  fields.integer('version', 3, 3);
  // Type 0 says how components are compared; there is no other.
  fields.integer('tcbType', 0, 0);
  const levels = fields
    .objects('tcbLevels', 1, MAX_LEVELS)
    .map((level) => readLevel(level, tee === 'tdx'));
  return {
    ...readDates(fields),
    tee,
    fmspc: fields.hex('fmspc', 6),
    pceId: fields.hex('pceId', 2),
    levels: descendingLevels(levels, levelNumbers) ?? fields.fail('tcbLevels', 'each once'),
    tdx: tee === 'tdx' ? readTdx(fields) : undefined,
  };
}

function readLevel(fields: JsonFields, tdx: boolean): TcbLevel {
  const tcb = fields.object('tcb');
  return {
    sgx: readComponents(tcb, 'sgxtcbcomponents'),
    pceSvn: tcb.integer('pcesvn', 0, 0xffff),
    tdx: tdx ? readComponents(tcb, 'tdxtcbcomponents') : undefined,
    status: readWord(fields, 'tcbStatus', PLATFORM_STATUSES),
    date: fields.time('tcbDate'),
    advisories: readAdvisories(fields),
  };
}

function readComponents(fields: JsonFields, name: string): readonly number[] {
  return fields
    .objects(name, COMPONENT_COUNT, COMPONENT_COUNT)
    .map((component) => component.integer('svn', 0, 0xff));
}

function readTdx(fields: JsonFields): TcbInfo['tdx'] {
  // Collateral from before module versions has no identities: then every versioned module is refused.
  const identities = fields.has('tdxModuleIdentities')
    ? fields.objects('tdxModuleIdentities', 0, MAX_MODULE_IDENTITIES).map(readIdentity)
    : [];
  if (new Set(identities.map((identity) => identity.id)).size !== identities.length) {
    fields.fail('tdxModuleIdentities', 'each once');
  }
  return { module: readModule(fields.object('tdxModule')), identities };
}

function readIdentity(fields: JsonFields): TdxModuleIdentity {
  return {
    ...readModule(fields),
    id: fields.string('id', MODULE_ID, 'TDX_ and two hex digits'),
    levels: readIsvSvnLevels(fields),
  };
}

function readModule(fields: JsonFields): TdxModule {
  return {
    mrSigner: fields.hex('mrsigner', 48),
    attributes: fields.hex('attributes', 8),
    attributesMask: fields.hex('attributesMask', 8),
  };
}
