// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { convergeStatus, relaunchStatus } from '../src/dcap/converge-status.ts';
import { descendingLevels } from '../src/dcap/descending-levels.ts';
import { matchIsvSvn } from '../src/dcap/isv-svn-level.ts';
import {
  levelNumbers,
  matchLevel,
  type PlatformSvns,
  type TcbLevel,
} from '../src/dcap/tcb-level.ts';
import type { ComponentStatus, PlatformStatus } from '../src/dcap/tcb-status.ts';
import { refusal } from './refusal.ts';

const DATE = new Date('2026-01-01T00:00:00Z');
const NEVER = 'ERR_DCAP_TCB_NOT_SUPPORTED';

/** 16 SVNs that are 5, but for one. */
function svns(index = 0, value = 5): number[] {
  return Array.from({ length: 16 }, (_, at) => (at === index ? value : 5));
}

function level(more: Partial<TcbLevel> = {}): TcbLevel {
  const status: PlatformStatus = 'UpToDate';
  return { sgx: svns(), pceSvn: 5, tdx: svns(), status, date: DATE, advisories: [], ...more };
}

/** TEE_TCB_SVN of a module without a version of its own: byte 1 is zero, and so is the level's. */
const unversioned = svns(1, 0);
const platform: PlatformSvns = { sgx: svns(), pceSvn: 5, tdx: unversioned };
const forUnversioned = level({ tdx: unversioned });

const match = async (levels: readonly TcbLevel[], svnsOfPlatform: PlatformSvns) =>
  refusal(() => matchLevel(levels, svnsOfPlatform));

describe('a TCB level', () => {
  it('covers a platform with exactly its SVNs', async () => {
    expect(await match([forUnversioned], platform)).toBe('accepted');
  });

  it.each(Array.from({ length: 16 }, (_, index) => index))(
    'needs SGX component %i',
    async (index) => {
      expect(await match([forUnversioned], { ...platform, sgx: svns(index, 6) })).toBe('accepted');
      expect(await match([forUnversioned], { ...platform, sgx: svns(index, 4) })).toBe(NEVER);
    },
  );

  it('needs the PCESVN', async () => {
    expect(await match([forUnversioned], { ...platform, pceSvn: 6 })).toBe('accepted');
    expect(await match([forUnversioned], { ...platform, pceSvn: 4 })).toBe(NEVER);
  });

  it.each([0, 2, 3, 15])('needs TDX component %i of an unversioned module', async (index) => {
    const with4 = unversioned.with(index, 4);
    expect(await match([forUnversioned], { ...platform, tdx: unversioned.with(index, 6) })).toBe(
      'accepted',
    );
    expect(await match([forUnversioned], { ...platform, tdx: with4 })).toBe(NEVER);
  });

  it.each([1, 2, 9])('leaves bytes 0 and 1 to the identity of module version %i', async (major) => {
    const tdx = svns(1, major).with(0, 0);
    expect(await match([level()], { ...platform, tdx })).toBe('accepted');
    expect(await match([level()], { ...platform, tdx: tdx.with(2, 4) })).toBe(NEVER);
  });

  it('counts byte 1 when the platform has none', async () => {
    expect(await match([level()], { ...platform, tdx: unversioned })).toBe(NEVER);
  });

  it('says nothing about TDX unless it names TDX components', async () => {
    const sgxOnly = level({ tdx: undefined });
    expect(await match([sgxOnly], { ...platform, tdx: undefined })).toBe('accepted');
    expect(await match([sgxOnly], platform)).toBe(NEVER);
    expect(await match([level()], { ...platform, tdx: undefined })).toBe('accepted');
  });

  it('has 16 components, and a platform too', async () => {
    const short = svns().slice(0, 15);
    expect(await match([level({ sgx: short })], { ...platform, sgx: short })).toBe(NEVER);
    expect(await match([forUnversioned], { ...platform, sgx: short })).toBe(NEVER);
    expect(await match([level({ sgx: short })], platform)).toBe(NEVER);
    expect(await match([forUnversioned], { ...platform, tdx: short })).toBe(NEVER);
  });

  it('is named with the SVNs that miss it', () => {
    const low: PlatformSvns = { sgx: svns(0, 1), pceSvn: 7, tdx: undefined };
    expect(() => matchLevel([level()], low)).toThrow(
      expect.objectContaining({ seen: `SGX ${svns(0, 1).join('.')}, PCE 7` }),
    );
    expect(() => matchLevel([level()], { ...low, tdx: svns() })).toThrow(
      expect.objectContaining({
        seen: `SGX ${svns(0, 1).join('.')}, PCE 7, TDX ${svns().join('.')}`,
      }),
    );
  });
});

describe('the order of TCB levels', () => {
  const sortLevels = (levels: readonly TcbLevel[]) => descendingLevels(levels, levelNumbers);

  it('is that of numbers of 16 bits, one after the other', () => {
    // Those in the middle are halves of letters in UTF-16, which every other order of texts treats differently.
    const numbers = [
      [0xffff, 0],
      [0xe000],
      [0xdfff, 1],
      [0xdc00],
      [0xd800, 0xdc00],
      [10],
      [9, 11],
      [9],
    ];
    expect(descendingLevels(numbers.toReversed(), (each) => each)).toEqual(numbers);
    expect(descendingLevels([[0xd800], [0xd801]], (each) => each)).toHaveLength(2);
  });
  const low = level({ sgx: svns(15, 4) });
  const lowPce = level({ pceSvn: 4 });
  const lowTdx = level({ tdx: svns(15, 4) });

  it.each([
    ['SGX components', low],
    ['the PCESVN', lowPce],
    ['TDX components', lowTdx],
  ])('follows %s', (_what, lower) => {
    const higher = level();
    expect(sortLevels([lower, higher])).toEqual([higher, lower]);
    expect(sortLevels([higher, lower])).toEqual([higher, lower]);
  });

  it('puts SGX before the PCESVN, and that before TDX', () => {
    expect(sortLevels([lowTdx, lowPce, low])).toEqual([lowTdx, lowPce, low]);
    expect(sortLevels([low, lowPce, lowTdx])).toEqual([lowTdx, lowPce, low]);
    const mixed = level({ sgx: svns(15, 4), pceSvn: 9, tdx: svns(0, 9) });
    expect(sortLevels([mixed, lowPce])).toEqual([lowPce, mixed]);
  });

  it('is refused when two levels are equal, whatever else they say', () => {
    expect(sortLevels([level(), low, level({ status: 'OutOfDate' })])).toBeUndefined();
    expect(sortLevels([low, level(), { ...low }])).toBeUndefined();
    const sgxOnly = level({ tdx: undefined });
    expect(sortLevels([sgxOnly, { ...sgxOnly }])).toBeUndefined();
    expect(sortLevels([])).toEqual([]);
  });
});

describe('versions of an enclave or module', () => {
  const at = (isvSvn: number, status: ComponentStatus = 'UpToDate') => ({
    isvSvn,
    status,
    date: DATE,
    advisories: [],
  });

  it('come highest first and once', () => {
    const sorted = (levels: readonly ReturnType<typeof at>[]) =>
      descendingLevels(levels, ({ isvSvn }) => [isvSvn]);
    expect(sorted([at(2), at(6), at(4)])).toEqual([at(6), at(4), at(2)]);
    expect(sorted([at(2), at(6), at(2, 'Revoked')])).toBeUndefined();
  });

  it.each([
    [7, 6],
    [6, 6],
    [5, 4],
    [4, 4],
  ])('%i reaches level %i', (isvSvn, expected) => {
    expect(matchIsvSvn([at(6), at(4)], isvSvn, 'it').isvSvn).toBe(expected);
  });

  it('are refused below every level', async () => {
    expect(await refusal(() => matchIsvSvn([at(6), at(4)], 3, 'it'))).toBe(NEVER);
    expect(() => matchIsvSvn([at(6), at(4)], 3, 'it')).toThrow(
      expect.objectContaining({ expected: 'version 4 or above', seen: 'version 3' }),
    );
    expect(() => matchIsvSvn([], 3, 'it')).toThrow(
      expect.objectContaining({ expected: 'version (none) or above' }),
    );
  });
});

describe('the status of the whole', () => {
  const verdict = <Status>(status: Status, day = 1, advisories: string[] = []) => ({
    status,
    date: new Date(Date.UTC(2026, 0, day)),
    advisories,
  });
  type Standing = Exclude<PlatformStatus, 'Revoked'>;

  it.each<[Standing, Standing]>([
    ['UpToDate', 'OutOfDate'],
    ['SWHardeningNeeded', 'OutOfDate'],
    ['ConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
    ['ConfigurationAndSWHardeningNeeded', 'OutOfDateConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate'],
    ['OutOfDateConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
  ])('is that of the platform, %s, or %s with an outdated component', (status, outdated) => {
    const [good, old] = [verdict('UpToDate' as const), verdict('OutOfDate' as const)];
    expect(convergeStatus(verdict(status), [good, good]).status).toBe(status);
    expect(convergeStatus(verdict(status), [good, old]).status).toBe(outdated);
    expect(convergeStatus(verdict(status), [old, good]).status).toBe(outdated);
  });

  it('is a refusal when any part is revoked', async () => {
    const [good, bad] = [verdict('UpToDate' as const), verdict('Revoked' as const)];
    expect(await refusal(() => convergeStatus(good, [good]))).toBe('accepted');
    expect(await refusal(() => convergeStatus(bad, [good]))).toBe('ERR_DCAP_TCB_REVOKED');
    expect(await refusal(() => convergeStatus(good, [good, bad]))).toBe('ERR_DCAP_TCB_REVOKED');
    expect(await refusal(() => convergeStatus(good, [bad, good]))).toBe('ERR_DCAP_TCB_REVOKED');
  });

  it('has the oldest date and every advisory once', () => {
    const joined = convergeStatus(verdict('UpToDate' as const, 20, ['B', 'A']), [
      verdict('UpToDate' as const, 5, ['C']),
      verdict('UpToDate' as const, 9, ['A']),
    ]);
    expect(joined.date).toEqual(new Date('2026-01-05T00:00:00Z'));
    expect(joined.advisories).toEqual(['A', 'B', 'C']);
  });

  it.each<[Standing, Standing, string]>([
    ['UpToDate', 'UpToDate', 'UpToDate'],
    ['UpToDate', 'OutOfDate', 'UpToDate'],
    ['ConfigurationNeeded', 'UpToDate', 'ConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate', 'OutOfDate'],
    ['OutOfDate', 'OutOfDateConfigurationNeeded', 'OutOfDate'],
    ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['OutOfDate', 'UpToDate', 'TDRelaunchAdvised'],
    ['OutOfDate', 'SWHardeningNeeded', 'TDRelaunchAdvised'],
    ['OutOfDate', 'ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'UpToDate', 'TDRelaunchAdvisedConfigurationNeeded'],
  ])('launched as %s and now %s is %s', (launch, current, expected) => {
    expect(relaunchStatus(launch, current)).toBe(expected);
  });
});
