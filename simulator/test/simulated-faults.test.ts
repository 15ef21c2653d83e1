// SPDX-License-Identifier: Apache-2.0
import { parseQuote } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  SIMULATED_FAULTS,
  simulatedFault,
  SimulatorError,
} from '@proofgate/simulator';
import { describe, expect, it } from 'vitest';
import { failedChecks, type Check } from './independent-checks.ts';

const AT = new Date('2026-01-15T12:00:00.500Z');
const REPORT_DATA = new Uint8Array(64).fill(7);

/** What each fault breaks. Everything that is not listed must hold. */
const BROKEN: Readonly<Record<string, readonly Check[]>> = {
  N1: ['quote signature'],
  N2: ['quote signature'],
  N3: ['key binding'],
  N4: ['QE report signature'],
  N5: ['chain under the collateral root'],
  N6: ['PCK not revoked'],
  N7: ['PCK CRL'],
  N8: ['CAs and signers not revoked'],
  N9: ['CAs and signers not revoked'],
  N10: ['CRL dates'],
  N11: ['TCB info dates', 'QE identity dates'],
  N12: ['TCB info signature'],
  N13: ['TCB info signer'],
  N14: ['QE matches identity'],
  N15: ['QE matches identity'],
  N16: ['QE matches identity'],
  N17: ['module is Intel-like'],
  N18: ['module is Intel-like'],
  N19: ['module is Intel-like'],
  N20: ['TD attributes'],
  N21: ['same FMSPC'],
  N22: ['chain roles'],
  N23: ['chain of three', 'chain roles'],
  N24: ['quote parses'],
  // Nothing above looks at the vendor id; the test below does.
  N25: [],
  N26: ['chain dates'],
  N27: ['chain dates'],
  N28: ['same TEE', 'QE matches identity'],
  N29: ['PCK not revoked', 'PCK CRL', 'CRL dates'],
  N30: ['PCK not revoked', 'PCK CRL', 'CRL dates'],
  N31: ['PCK CRL'],
  N32: ['TD attributes'],
  N33: ['quote parses'],
  N34: ['TCB info dates'],
  N35: ['chain names'],
  N36: ['TCB info signer'],
  N37: ['chain roles'],
  N38: ['CRL dates'],
};

describe('simulated faults', () => {
  it('cover every case once', () => {
    const ids = [
      ...Array.from({ length: 6 }, (_, i) => `P${i + 1}`),
      ...Array.from({ length: 7 }, (_, i) => `S${i + 1}`),
      ...Array.from({ length: 38 }, (_, i) => `N${i + 1}`),
    ];
    expect(SIMULATED_FAULTS.map(({ id }) => id)).toEqual(ids);
  });

  it.each(SIMULATED_FAULTS.map((fault) => [fault.id, fault] as const))(
    '%s breaks only what it says',
    async (id, fault) => {
      const platform = createSimulatedPlatform({ at: AT, alter: fault.apply });
      const quote = await platform.quote(REPORT_DATA);
      const failed = failedChecks(quote, platform.collateral(), AT);
      expect(new Set(failed)).toEqual(new Set(BROKEN[id] ?? []));
    },
  );

  // Its root certificate is the saved one, as it is.
  const { identity, rootCertificate } = createSimulatedPlatform({ at: AT });
  it.each(SIMULATED_FAULTS.map((fault) => [fault.id, fault] as const))(
    '%s breaks the same on a platform of an earlier run',
    async (id, fault) => {
      const platform = createSimulatedPlatform({
        clock: () => AT,
        identity: { ...identity, rootCertificate },
        alter: fault.apply,
      });
      const failed = failedChecks(await platform.quote(REPORT_DATA), platform.collateral(), AT);
      expect(new Set(failed)).toEqual(new Set(BROKEN[id] ?? []));
    },
  );

  it.each(SIMULATED_FAULTS.map((fault) => [fault.id, fault] as const))(
    '%s expects a refusal exactly if it is not genuine',
    (id, fault) => {
      // S5 is genuine hardware below every known level.
      const refused = id.startsWith('N') || id === 'S5';
      expect(fault.expected.kind === 'verified').toBe(!refused);
    },
  );

  it('can be found by id', () => {
    expect(simulatedFault('N7').differs).toMatch(/revocation list/);
    expect(() => simulatedFault('N99')).toThrow(
      expect.objectContaining({ code: 'ERR_SIMULATOR_OPTION' }),
    );
    expect(() => simulatedFault('N99')).toThrow(SimulatorError);
  });

  it('N25 changes the vendor id, N33 and N24 what the quote says about its parts', async () => {
    const quoteOf = (id: string): Promise<Uint8Array> =>
      createSimulatedPlatform({ at: AT, alter: simulatedFault(id).apply }).quote(REPORT_DATA);
    const sound = await quoteOf('P1');
    const stranger = parseQuote(await quoteOf('N25'));
    expect(stranger.header.qeVendorId).not.toEqual(parseQuote(sound).header.qeVendorId);
    const certificationType = 48 + 584 + 4 + 128;
    expect(sound[certificationType]).toBe(6);
    expect((await quoteOf('N33'))[certificationType]).toBe(5);
    const mislabelled = await quoteOf('N24');
    expect([...mislabelled.subarray(48, 54)]).toEqual([3, 0, 584 & 0xff, 584 >> 8, 0, 0]);
  });
});
