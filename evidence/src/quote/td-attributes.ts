// SPDX-License-Identifier: Apache-2.0
import type { TdReport } from './td-report.ts';

/** TDATTRIBUTES by name (Intel TDX module base specification, TD_ATTRIBUTES). */
export interface TdAttributeFlags {
  /**
   * The host may read and change the TD. DCAP verification accepts such a TD; nobody else should.
   */
  readonly debug: boolean;
  /**
   * The whole "TD under debug" group, bits 0 to 7; anything but zero means debug or something
   * reserved.
   */
  readonly tud: number;
  /** The host cannot inject #VE by taking pages away. Linux guests need it. */
  readonly septVeDisable: boolean;
  /** A service TD may move the TD to another machine. */
  readonly migratable: boolean;
  /** Supervisor protection keys are in use. */
  readonly pks: boolean;
  /** Key locker is in use. */
  readonly keyLocker: boolean;
  /** The TD sees performance counters, which helps side channels. */
  readonly perfmon: boolean;
  /** Every bit that is set and has none of the meanings above; zero if none is. */
  readonly reserved: bigint;
}

const BIT = {
  septVeDisable: 28n,
  migratable: 29n,
  pks: 30n,
  keyLocker: 31n,
  perfmon: 63n,
} as const;

const TUD_MASK = 0xffn;
/** Whether the host may read and change the TD; without the code that {@link tdAttributeFlags} needs for all the rest. */
export function isDebugTd({ tdAttributes }: Pick<TdReport, 'tdAttributes'>): boolean {
  return ((tdAttributes[0] ?? 1) & 1) === 1;
}

/** Takes the attributes of a TD apart. Which of them are acceptable is for a policy to say. */
export function tdAttributeFlags(td: Pick<TdReport, 'tdAttributes'>): TdAttributeFlags {
  const bits = td.tdAttributes.reduceRight<bigint>(
    (value, octet) => (value << 8n) | BigInt(octet),
    0n,
  );
  const known = Object.values(BIT).reduce<bigint>((mask, bit) => mask | (1n << bit), TUD_MASK);
  const isSet = (bit: bigint): boolean => ((bits >> bit) & 1n) === 1n;
  return {
    debug: isDebugTd(td),
    tud: Number(bits & TUD_MASK),
    septVeDisable: isSet(BIT.septVeDisable),
    migratable: isSet(BIT.migratable),
    pks: isSet(BIT.pks),
    keyLocker: isSet(BIT.keyLocker),
    perfmon: isSet(BIT.perfmon),
    reserved: bits & ~known,
  };
}
