// SPDX-License-Identifier: Apache-2.0
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { expectedQuotes, haveRealEvidence, realCollateral, realFile } from './real-evidence.ts';
import { refusal } from './refusal.ts';

const CODES: Readonly<Record<string, string>> = {
  'TCB_NOT_SUPPORTED (no matching platform TCB level)': 'ERR_DCAP_TCB_NOT_SUPPORTED',
  'cert expired/not yet valid: Intel SGX PCK Certificate': 'ERR_CERT_NOT_YET_VALID',
};

describe.skipIf(!haveRealEvidence)('quotes of real machines', () => {
  it.each(expectedQuotes().map((expected) => [expected.file, expected.bundle, expected] as const))(
    '%s with %s',
    async (file, bundle, expected) => {
      const { at } = expected;
      const collateral = await prepareCollateral(realCollateral(bundle), { root: 'intel', at });
      const run = verifyQuote(realFile(file), collateral, { at });
      if (!expected.ok) {
        expect(await refusal(() => run)).toBe(CODES[expected.error ?? '']);
        return;
      }
      const { tcb, trustAnchor } = await run;
      expect(trustAnchor).toBe('intel');
      expect({
        status: tcb.status,
        current: tcb.current?.status ?? null,
        platform: tcb.platform,
        module: tcb.module ?? null,
        qe: tcb.qe,
        advisories: tcb.advisories,
        tcbDate: tcb.date.toISOString().replace('.000Z', 'Z'),
      }).toEqual({
        status: expected.status,
        current: expected.current,
        platform: expected.platform,
        module: expected.module,
        qe: expected.qe,
        advisories: expected.advisories,
        tcbDate: expected.tcbDate,
      });
    },
  );
});
