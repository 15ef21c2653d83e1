// SPDX-License-Identifier: Apache-2.0

/** Statuses of a TCB level (Intel PCS API v4, `tcbStatus`). */
export type TcbStatus =
  | 'UpToDate'
  | 'SWHardeningNeeded'
  | 'ConfigurationNeeded'
  | 'ConfigurationAndSWHardeningNeeded'
  | 'OutOfDate'
  | 'OutOfDateConfigurationNeeded'
  | 'Revoked';

/** What every TCB level says besides the TCB itself. */
export interface TcbVerdict {
  /** ISO 8601, whole seconds. */
  tcbDate: string;
  tcbStatus: TcbStatus;
  advisoryIDs?: string[];
}

/** One of the 16 components of a TCB level. */
export interface TcbComponent {
  svn: number;
  category?: string;
  type?: string;
}

/** A TCB level of a platform. */
export interface PlatformTcbLevel extends TcbVerdict {
  tcb: { sgxtcbcomponents: TcbComponent[]; pcesvn: number; tdxtcbcomponents?: TcbComponent[] };
}

/** A TCB level of an enclave or of a TDX module. */
export interface EnclaveTcbLevel extends TcbVerdict {
  tcb: { isvsvn: number };
}

/** Who signs the TDX module and with which attributes. Hex, upper case. */
export interface TdxModule {
  mrsigner: string;
  attributes: string;
  attributesMask: string;
}

/** A TDX module of one major version: `TDX_01`, `TDX_03`. */
export interface TdxModuleIdentity extends TdxModule {
  id: string;
  tcbLevels: EnclaveTcbLevel[];
}

/**
 * TCB information (Intel PCS API v4, TCB info version 3) without the two dates, which are put in when it is issued.
 * Field names and their order are those of the signed JSON.
 */
export interface TcbInfo {
  id: 'TDX' | 'SGX';
  version: 3;
  fmspc: string;
  pceId: string;
  tcbType: 0;
  tcbEvaluationDataNumber: number;
  tdxModule?: TdxModule;
  tdxModuleIdentities?: TdxModuleIdentity[];
  tcbLevels: PlatformTcbLevel[];
}

/** Identity of a quoting enclave (Intel PCS API v4, enclave identity version 2) without the two dates. */
export interface QeIdentity {
  id: 'TD_QE' | 'QE';
  version: 2;
  tcbEvaluationDataNumber: number;
  miscselect: string;
  miscselectMask: string;
  attributes: string;
  attributesMask: string;
  mrsigner: string;
  isvprodid: number;
  tcbLevels: EnclaveTcbLevel[];
}
