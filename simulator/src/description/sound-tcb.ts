// SPDX-License-Identifier: Apache-2.0
import type {
  EnclaveTcbLevel,
  PlatformTcbLevel,
  TcbComponent,
  TcbVerdict,
} from './tcb-documents.ts';

/*
 * The TCB of a sound simulated platform and the levels that its collateral knows. The shape is that of Intel's
 * published documents; every number is chosen so that each rule of TCB matching has a level to hit.
 */

/** SVNs of the platform: what the PCK certificate carries. Better than the best level in two components. */
export const SOUND_PCK_SVNS: readonly number[] = [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
/** SVN of the provisioning certification enclave. */
export const SOUND_PCE_SVN = 13;
/** TEE_TCB_SVN: module SVN 7 of major version 1, so bytes 0 and 1 are judged by the module identity TDX_01. */
export const SOUND_TEE_TCB_SVN: readonly number[] = [
  7, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
/** ISVSVN of the TD quoting enclave and of the SGX one. */
export const SOUND_QE_SVN = 6;

/** SVNs of the lowest platform level, the revoked one. */
export const REVOKED_PCK_SVNS: readonly number[] = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** ISVSVN of the module levels of TDX_01, and of the one level of TDX_03. */
export const MODULE_SVN = { upToDate: 6, outOfDate: 4, revoked: 2, upToDateTdx03: 3 } as const;
/** ISVSVN of the quoting enclave's levels. */
export const QE_SVN = { upToDate: 4, outOfDate: 2 } as const;

/** PCESVN of that level. */
export const REVOKED_PCE_SVN = 5;

const ADVISORIES = ['SIMULATED-SA-00001', 'SIMULATED-SA-00002'];

const DAY_MS = 24 * 60 * 60 * 1000;

/** When each generation of TCB was published, relative to the platform's making. */
const AGE_MS = { current: 180 * DAY_MS, previous: 540 * DAY_MS, oldest: 1500 * DAY_MS } as const;

const COMPONENT_KINDS: readonly Omit<TcbComponent, 'svn'>[] = [
  { category: 'BIOS', type: 'Early Microcode Update' },
  { category: 'OS/VMM', type: 'SGX Late Microcode Update' },
  { category: 'OS/VMM', type: 'TXT SINIT' },
  { category: 'BIOS' },
  { category: 'BIOS' },
  { category: 'BIOS' },
  {},
  { category: 'OS/VMM', type: 'SEAMLDR ACM' },
];
const TDX_COMPONENT_KINDS: readonly Omit<TcbComponent, 'svn'>[] = [
  { category: 'OS/VMM', type: 'TDX Module' },
  { category: 'OS/VMM', type: 'TDX Module' },
  { category: 'OS/VMM', type: 'TDX Late Microcode Update' },
];

/**
 * The platform levels of TCB information, best first, as Intel orders them. The second and third differ in the PCE
 * alone.
 *
 * @param at - when the platform was made
 * @param tdx - whether the levels name TDX components
 * @returns four levels
 */
export function platformLevels(at: Date, tdx: boolean): PlatformTcbLevel[] {
  const level = (
    verdict: TcbVerdict,
    sgx: readonly number[],
    pcesvn: number,
    module: readonly number[],
  ): PlatformTcbLevel => ({
    tcb: {
      sgxtcbcomponents: components(sgx, COMPONENT_KINDS),
      pcesvn,
      ...(tdx && { tdxtcbcomponents: components(module, TDX_COMPONENT_KINDS) }),
    },
    ...verdict,
  });
  return [
    level(upToDate(at), [3, 3, 2, 2, 4, 1, 0, 5], SOUND_PCE_SVN, [5, 0, 3]),
    level(outOfDate(at), [2, 2, 2, 2, 3, 1, 0, 5], SOUND_PCE_SVN, [5, 0, 2]),
    level(outOfDate(at), [2, 2, 2, 2, 3, 1, 0, 5], REVOKED_PCE_SVN, [5, 0, 2]),
    level(revoked(at), REVOKED_PCK_SVNS, REVOKED_PCE_SVN, [1, 0, 1]),
  ];
}

/**
 * The levels of TDX module version 1.
 *
 * @param at - when the platform was made
 * @returns three levels, best first
 */
export function moduleLevels(at: Date): EnclaveTcbLevel[] {
  return [
    { tcb: { isvsvn: MODULE_SVN.upToDate }, ...upToDate(at) },
    { tcb: { isvsvn: MODULE_SVN.outOfDate }, ...outOfDate(at) },
    { tcb: { isvsvn: MODULE_SVN.revoked }, ...revoked(at) },
  ];
}

/**
 * The levels of TDX module version 3.
 *
 * @param at - when the platform was made
 * @returns one level
 */
export function module03Levels(at: Date): EnclaveTcbLevel[] {
  return [{ tcb: { isvsvn: MODULE_SVN.upToDateTdx03 }, ...upToDate(at) }];
}

/**
 * The levels of the quoting enclaves.
 *
 * @param at - when the platform was made
 * @returns two levels, best first
 */
export function qeLevels(at: Date): EnclaveTcbLevel[] {
  return [
    { tcb: { isvsvn: QE_SVN.upToDate }, ...upToDate(at) },
    { tcb: { isvsvn: QE_SVN.outOfDate }, ...outOfDate(at) },
  ];
}

function upToDate(at: Date): TcbVerdict {
  return { tcbDate: midnight(at, AGE_MS.current), tcbStatus: 'UpToDate' };
}

function outOfDate(at: Date): TcbVerdict {
  return {
    tcbDate: midnight(at, AGE_MS.previous),
    tcbStatus: 'OutOfDate',
    advisoryIDs: [...ADVISORIES],
  };
}

function revoked(at: Date): TcbVerdict {
  return { ...outOfDate(at), tcbDate: midnight(at, AGE_MS.oldest), tcbStatus: 'Revoked' };
}

function midnight(at: Date, ageMs: number): string {
  return `${new Date(at.getTime() - ageMs).toISOString().slice(0, 10)}T00:00:00Z`;
}

function components(
  svns: readonly number[],
  kinds: readonly Omit<TcbComponent, 'svn'>[],
): TcbComponent[] {
  return Array.from({ length: 16 }, (_, index) => ({ svn: svns[index] ?? 0, ...kinds[index] }));
}
