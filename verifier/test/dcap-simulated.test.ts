// SPDX-License-Identifier: Apache-2.0
import { createSimulatedPlatform, SIMULATED_FAULTS, simulatedFault } from '@proofgate/simulator';
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';

const AT = new Date('2026-06-01T12:00:00Z');
const REPORT_DATA = new Uint8Array(64).fill(7);

/** What becomes of each deviation: a TCB status, or the code of the refusal. */
const OUTCOMES: Readonly<Record<string, string>> = {
  P1: 'UpToDate',
  P2: 'UpToDate',
  P3: 'UpToDate',
  P4: 'UpToDate',
  P5: 'UpToDate',
  P6: 'UpToDate',
  S1: 'OutOfDate',
  S2: 'OutOfDate',
  S3: 'OutOfDateConfigurationNeeded',
  S4: 'TDRelaunchAdvised',
  S5: 'ERR_DCAP_TCB_NOT_SUPPORTED',
  S6: 'ERR_DCAP_TCB_REVOKED',
  S7: 'ERR_DCAP_TCB_REVOKED',
  N1: 'ERR_DCAP_QUOTE_SIGNATURE',
  N2: 'ERR_DCAP_QUOTE_SIGNATURE',
  N3: 'ERR_DCAP_QE_BINDING',
  N4: 'ERR_DCAP_QE_SIGNATURE',
  N5: 'ERR_CERT_ROOT_UNTRUSTED',
  N6: 'ERR_CERT_REVOKED',
  N7: 'ERR_CRL_SIGNATURE',
  N8: 'ERR_CERT_REVOKED',
  N9: 'ERR_CERT_REVOKED',
  N10: 'ERR_CRL_EXPIRED',
  N11: 'ERR_DCAP_COLLATERAL_EXPIRED',
  N12: 'ERR_DCAP_COLLATERAL_SIGNATURE',
  N13: 'ERR_CERT_CHAIN_LENGTH',
  N14: 'ERR_DCAP_QE_IDENTITY',
  N15: 'ERR_DCAP_QE_IDENTITY',
  N16: 'ERR_DCAP_TCB_NOT_SUPPORTED',
  N17: 'ERR_DCAP_TDX_MODULE',
  N18: 'ERR_DCAP_TDX_MODULE',
  N19: 'ERR_DCAP_TDX_MODULE',
  // Genuine evidence; the policy tests show that every policy refuses it by default.
  N20: 'UpToDate',
  N21: 'ERR_DCAP_COLLATERAL_MISMATCH',
  N22: 'ERR_CERT_NOT_A_CA',
  N23: 'ERR_CERT_CHAIN_LENGTH',
  N24: 'ERR_QUOTE_BODY',
  N25: 'ERR_DCAP_QE_VENDOR',
  N26: 'ERR_CERT_EXPIRED',
  N27: 'ERR_CERT_EXPIRED',
  N28: 'ERR_DCAP_COLLATERAL_MISMATCH',
  N29: 'ERR_CRL_UNREADABLE',
  N30: 'ERR_CRL_UNREADABLE',
  N31: 'ERR_CRL_ISSUER',
  N32: 'UpToDate',
  N33: 'ERR_QUOTE_CERTIFICATION_TYPE',
  N34: 'ERR_DCAP_COLLATERAL_NOT_YET_VALID',
  N35: 'ERR_CERT_ISSUER',
  N36: 'ERR_CERT_ROLE',
  N37: 'ERR_CERT_NOT_A_CA',
  N38: 'ERR_CRL_NOT_YET_VALID',
};

describe('simulated platforms that differ from a sound one in one point', () => {
  it('has an outcome for every deviation that the simulator knows', () => {
    expect(Object.keys(OUTCOMES).sort()).toEqual(SIMULATED_FAULTS.map(({ id }) => id).sort());
  });

  it.each(SIMULATED_FAULTS.map((fault) => [fault.id, fault.differs, fault] as const))(
    '%s: %s',
    async (id, _differs, fault) => {
      const platform = createSimulatedPlatform({ at: AT, alter: fault.apply });
      const quote = await platform.quote(REPORT_DATA);
      const verify = async (): Promise<string> => {
        const root = { sha256: platform.rootSha256 };
        const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
        return (await verifyQuote(quote, collateral, { at: AT })).tcb.status;
      };
      let status = '';
      const code = await refusal(async () => {
        status = await verify();
      });
      expect(code === 'accepted' ? status : code).toBe(OUTCOMES[id]);
    },
  );
});

describe('trust anchors', () => {
  it('refuses a simulated platform unless its root is named', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    const prepare = async (root: Parameters<typeof prepareCollateral>[1]['root']) =>
      prepareCollateral(platform.collateral(), { root, at: AT });
    expect(await refusal(async () => prepare('intel'))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(await refusal(async () => prepare(['intel', 'amd']))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(await refusal(async () => prepare([]))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(await refusal(async () => prepare({ sha256: 'ab'.repeat(32) }))).toBe(
      'ERR_CERT_ROOT_UNTRUSTED',
    );
    expect(await refusal(async () => prepare({ sha256: 'short' }))).toBe('ERR_VERIFIER_ARGUMENT');
    const anchor = `custom:${platform.rootSha256}`;
    expect((await prepare({ sha256: platform.rootSha256.toUpperCase() })).trustAnchor).toBe(anchor);
    expect((await prepare({ certificate: platform.rootCertificate })).trustAnchor).toBe(anchor);
    expect((await prepare(['intel', { sha256: platform.rootSha256 }])).trustAnchor).toBe(anchor);
  });

  it('refuses a quote of one platform under the collateral of another', async () => {
    const [one, other] = [createSimulatedPlatform({ at: AT }), createSimulatedPlatform({ at: AT })];
    const root = [{ sha256: one.rootSha256 }, { sha256: other.rootSha256 }];
    const collateral = await prepareCollateral(one.collateral(), { root, at: AT });
    const [own, foreign] = [await one.quote(REPORT_DATA), await other.quote(REPORT_DATA)];
    expect((await verifyQuote(own, collateral, { at: AT })).tee).toBe('tdx');
    expect(await refusal(async () => verifyQuote(foreign, collateral, { at: AT }))).toBe(
      'ERR_CERT_ROOT_UNTRUSTED',
    );
  });
});

describe('time', () => {
  const platform = createSimulatedPlatform({ at: AT });
  const root = { sha256: platform.rootSha256 };

  it('accepts collateral to the second, and nothing outside', async () => {
    const { windows, validUntil } = await prepareCollateral(platform.collateral(), {
      root,
      at: AT,
    });
    const start = new Date(Math.max(...windows.map(({ from }) => from.getTime())));
    const shifted = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000);
    const at = async (time: Date): Promise<string> =>
      refusal(async () => prepareCollateral(platform.collateral(), { root, at: time }));
    expect(await at(start)).toBe('accepted');
    expect(await at(shifted(start, -1))).toMatch(/NOT_YET_VALID$/);
    expect(await at(validUntil)).toBe('accepted');
    expect(await at(shifted(validUntil, 1))).toMatch(/EXPIRED$/);
  });

  it('checks the dates of prepared collateral again for every quote', async () => {
    const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
    const quote = await platform.quote(REPORT_DATA);
    const at = async (time: Date): Promise<string> =>
      refusal(async () => verifyQuote(quote, collateral, { at: time }));
    expect(await at(collateral.validUntil)).toBe('accepted');
    expect(await at(new Date(collateral.validUntil.getTime() + 1000))).toMatch(/EXPIRED$/);
    expect(await at(new Date('2001-01-01T00:00:00Z'))).toMatch(/NOT_YET_VALID$/);
    expect(await at(new Date(Number.NaN))).toBe('ERR_VERIFIER_ARGUMENT');
  });
});

describe('changes to signed bytes', () => {
  it('never accepts a quote with a changed byte before its padding', async () => {
    const platform = createSimulatedPlatform({ at: AT, alter: simulatedFault('P5').apply });
    const root = { sha256: platform.rootSha256 };
    const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
    const quote = await platform.quote(REPORT_DATA);
    const end = (await verifyQuote(quote, collateral, { at: AT })).quote.bytes.length;
    const accepted: number[] = [];
    // A prime step visits every field; the certificates' base64 has spare letters that the text form may change.
    for (let index = 0; index < end; index += 13) {
      const changed = quote.slice();
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      const code = await refusal(async () => verifyQuote(changed, collateral, { at: AT }));
      if (code === 'accepted') accepted.push(index);
    }
    // User data and the header's QE id are signed as well: nothing is left over.
    expect(accepted).toEqual([]);
  }, 30_000);

  it('never accepts collateral with a changed character', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    const root = { sha256: platform.rootSha256 };
    const bundle = platform.collateral();
    for (const field of ['tcb_info', 'qe_identity', 'pck_crl', 'root_ca_crl'] as const) {
      const text = bundle[field];
      for (let index = 0; index < text.length; index += 97) {
        const letter = text[index] === '1' ? '2' : '1';
        const changed = `${text.slice(0, index)}${letter}${text.slice(index + 1)}`;
        if (changed === text) continue;
        const run = async () =>
          prepareCollateral({ ...bundle, [field]: changed }, { root, at: AT });
        expect(await refusal(run), `${field} at ${index}`).not.toBe('accepted');
      }
    }
  }, 30_000);
});
