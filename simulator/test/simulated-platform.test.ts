// SPDX-License-Identifier: Apache-2.0
import {
  fromHex,
  parseCertificate,
  parseCertificateList,
  sha256,
  toHex,
} from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { describe, expect, it } from 'vitest';
import { failedChecks } from './independent-checks.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const AT = new Date('2026-01-15T12:00:00.500Z');
const REPORT_DATA = new Uint8Array(64).fill(1);

describe('a simulated platform', () => {
  it('is sound when nothing is altered', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    const quote = await platform.quote(REPORT_DATA);
    expect(failedChecks(quote, platform.collateral(), AT)).toEqual([]);
  });

  it('names its root by SHA-256 and has a new one each time', () => {
    const [one, other] = [createSimulatedPlatform({ at: AT }), createSimulatedPlatform({ at: AT })];
    expect(one.rootSha256).toBe(toHex(sha256(one.rootCertificate)));
    expect(one.rootSha256).not.toBe(other.rootSha256);
    expect(parseCertificate(one.rootCertificate).subject.commonName).toBe('SIMULATED SGX Root CA');
  });

  it('hands out copies', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    platform.measurements().rtmr[3].fill(9);
    platform.measurements().mrtd.fill(9);
    const quote = await platform.quote(REPORT_DATA);
    expect(failedChecks(quote, platform.collateral(), AT)).toEqual([]);
    expect(platform.measurements().rtmr[3].every((value) => value === 0)).toBe(true);
    expect(platform.measurements().mrtd.every((value) => value === 9)).toBe(false);
  });

  it('quotes what report data was when it was asked', async () => {
    const platform = createSimulatedPlatform({ at: AT, latencyMs: 1 });
    const reportData = new Uint8Array(64).fill(1);
    const pending = platform.quote(reportData);
    reportData.fill(2);
    const quote = await pending;
    expect(quote[48 + 520]).toBe(1);
  });

  it('refuses an FMSPC that is none', () => {
    expect(() => createSimulatedPlatform({ fmspc: 'f0f0' })).toThrow(
      expect.objectContaining({ code: 'ERR_SIMULATOR_OPTION' }),
    );
    expect(createSimulatedPlatform({ fmspc: 'ABCDEF012345' }).fmspc).toBe('abcdef012345');
  });

  it('makes one quote at a time when a quote takes time', async () => {
    const platform = createSimulatedPlatform({ at: AT, latencyMs: 20 });
    const ends: string[] = [];
    const started = performance.now();
    await Promise.all(
      ['first', 'second', 'third'].map(async (name) => {
        await platform.quote(REPORT_DATA);
        ends.push(name);
      }),
    );
    expect(ends).toEqual(['first', 'second', 'third']);
    // Three waits in a row; timers may be a millisecond early each.
    expect(performance.now() - started).toBeGreaterThan(3 * 20 - 5);
  });
});

describe('collateral of a simulated platform', () => {
  it('is valid for 30 days and begins an hour early, in whole seconds', () => {
    const { tcb_info, pck_crl } = createSimulatedPlatform({ at: AT }).collateral();
    const { issueDate, nextUpdate } = JSON.parse(tcb_info) as Record<string, string>;
    expect(issueDate).toBe('2026-01-15T11:00:00Z');
    expect(nextUpdate).toBe('2026-02-14T12:00:00Z');
    const list = parseCertificateList(fromHex(pck_crl));
    expect(list.thisUpdate.toISOString()).toBe('2026-01-15T11:00:00.000Z');
    expect(list.nextUpdate?.toISOString()).toBe('2026-02-14T12:00:00.000Z');
  });

  it('stays the same bytes until half of its life is over, then is issued anew', () => {
    let now = AT;
    const platform = createSimulatedPlatform({ clock: () => now });
    const first = platform.collateral();
    now = new Date(AT.getTime() + 15 * DAY_MS - 1);
    expect(platform.collateral()).toEqual(first);
    now = new Date(AT.getTime() + 15 * DAY_MS);
    const second = platform.collateral();
    expect(second.tcb_info).not.toBe(first.tcb_info);
    expect(second.pck_crl_issuer_chain).toBe(first.pck_crl_issuer_chain);
  });

  it('still fits quotes long after', async () => {
    let now = AT;
    const platform = createSimulatedPlatform({ clock: () => now });
    now = new Date(AT.getTime() + 400 * DAY_MS);
    const quote = await platform.quote(REPORT_DATA);
    expect(failedChecks(quote, platform.collateral(), now)).toEqual([]);
  });

  it('is issued anew when the clock goes back', () => {
    let now = AT;
    const platform = createSimulatedPlatform({ clock: () => now });
    const first = platform.collateral();
    now = new Date(AT.getTime() - DAY_MS);
    expect(platform.collateral().tcb_info).not.toBe(first.tcb_info);
  });

  it('exists for SGX quotes as well', () => {
    const collateral = createSimulatedPlatform({ at: AT }).collateral('sgx');
    expect(JSON.parse(collateral.tcb_info)).toMatchObject({ id: 'SGX' });
    expect(JSON.parse(collateral.tcb_info)).not.toHaveProperty('tdxModule');
    expect(JSON.parse(collateral.qe_identity)).toMatchObject({ id: 'QE', isvprodid: 1 });
  });

  it('knows at least three platform levels and two module identities', () => {
    const tcbInfo = JSON.parse(createSimulatedPlatform({ at: AT }).collateral().tcb_info) as {
      tcbLevels: unknown[];
      tdxModuleIdentities: { id: string }[];
    };
    expect(tcbInfo.tcbLevels.length).toBeGreaterThanOrEqual(3);
    expect(tcbInfo.tdxModuleIdentities.map(({ id }) => id)).toEqual(['TDX_03', 'TDX_01']);
  });
});
