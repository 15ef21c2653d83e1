// SPDX-License-Identifier: Apache-2.0
import { createSimulatedPlatform } from '@proofgate/simulator';
import { describe, expect, it } from 'vitest';
import { parseQeIdentity } from '../src/dcap/qe-identity.ts';
import { parseTcbInfo } from '../src/dcap/tcb-info.ts';
import { refusal } from './refusal.ts';

const platform = createSimulatedPlatform({ at: new Date('2026-06-01T12:00:00Z') });
const sound = platform.collateral();
const INVALID = 'ERR_DCAP_COLLATERAL_INVALID';

describe('TCB info and QE identity', () => {
  it.each([
    ['cut short', '{"id":'],
    ['no object', '[]'],
    ['with a member twice', '{"id":"TDX","id":"TDX"}'],
  ])('are refused when %s', async (_what, text) => {
    expect(await refusal(() => parseTcbInfo(text))).toBe(INVALID);
    expect(await refusal(() => parseQeIdentity(text))).toBe(INVALID);
  });

  it('are refused with the place that is wrong', () => {
    expect(() => parseTcbInfo('[]')).toThrow(
      expect.objectContaining({ expected: 'an object', seen: 'an array' }),
    );
    expect(() => parseTcbInfo('{')).toThrow(
      expect.objectContaining({ message: 'TCB info is refused', expected: 'JSON' }),
    );
    expect(() => parseTcbInfo('{"id":"TDX","id":"TDX"}')).toThrow(
      expect.objectContaining({ expected: 'each member once', seen: '2 for 1' }),
    );
    expect(() => parseTcbInfo('{"id":"\\"x\\":","version":["a",":"]}')).toThrow(
      /^TCB info\.id is refused/,
    );
  });

  type Change = (document: Record<string, unknown>) => void;
  const changed = (text: string, change: Change): string => {
    const document = JSON.parse(text) as Record<string, unknown>;
    change(document);
    return JSON.stringify(document);
  };
  const firstLevel = (document: Record<string, unknown>): Record<string, unknown> =>
    (document['tcbLevels'] as Record<string, unknown>[])[0] ?? {};

  it.each<[string, Change]>([
    [
      'an ISVSVN level twice',
      (info) => {
        const levels = info['tcbLevels'] as unknown[];
        levels.push(levels[0]);
      },
    ],
    ['no levels', (info) => (info['tcbLevels'] = [])],
    ['an ISVSVN over 16 bits', (info) => (firstLevel(info)['tcb'] = { isvsvn: 0x10000 })],
    ['a negative ISVSVN', (info) => (firstLevel(info)['tcb'] = { isvsvn: -1 })],
    ['no TCB', (info) => delete firstLevel(info)['tcb']],
    ['a product id over 16 bits', (info) => (info['isvprodid'] = 0x10000)],
    ['levels that are no list', (info) => (info['tcbLevels'] = 'none')],
    ['a date that does not exist', (info) => (info['issueDate'] = '2026-02-30T00:00:00Z')],
    ['a date with fractions', (info) => (info['nextUpdate'] = '2026-02-28T00:00:00.5Z')],
    ['a month of 13', (info) => (info['issueDate'] = '2026-13-01T00:00:00Z')],
    ['advisories that are no list', (info) => (firstLevel(info)['advisoryIDs'] = 'SA')],
    ['an advisory that is no text', (info) => (firstLevel(info)['advisoryIDs'] = [1])],
    ['an advisory of other letters', (info) => (firstLevel(info)['advisoryIDs'] = ['<b>'])],
    ['a signer that is not hex', (info) => (info['mrsigner'] = 'zz'.repeat(32))],
    ['a long signer', (info) => (info['mrsigner'] = '00'.repeat(33))],
  ])('refuse a QE identity with %s', async (_what, change) => {
    const text = sound.qe_identity;
    expect(await refusal(() => parseQeIdentity(changed(text, () => undefined)))).toBe('accepted');
    expect(await refusal(() => parseQeIdentity(changed(text, change)))).toBe(INVALID);
  });

  it('take numbers at both ends of their range', () => {
    const with16Bits = (value: number) =>
      parseQeIdentity(changed(sound.qe_identity, (info) => (info['isvprodid'] = value))).isvProdId;
    expect(with16Bits(0)).toBe(0);
    expect(with16Bits(0xffff)).toBe(0xffff);
  });

  it('take advisories when there are some', () => {
    const { levels } = parseQeIdentity(
      changed(sound.qe_identity, (info) => (firstLevel(info)['advisoryIDs'] = ['INTEL-SA-00001'])),
    );
    expect(levels[0]?.advisories).toEqual(['INTEL-SA-00001']);
  });

  it('describe SGX without TDX modules', () => {
    const info = parseTcbInfo(platform.collateral('sgx').tcb_info);
    expect(info).toMatchObject({ tee: 'sgx', tdx: undefined });
    expect(info.levels[0]?.tdx).toBeUndefined();
    expect(parseTcbInfo(sound.tcb_info).tdx?.identities.map(({ id }) => id)).toEqual([
      'TDX_03',
      'TDX_01',
    ]);
  });
});
