// SPDX-License-Identifier: Apache-2.0
import {
  endorsementsFromPem,
  prepareCollateral,
  verifyQuote,
  verifySnpReport,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { decide } from './policy-subject.ts';
import {
  expectedReports,
  haveRealEvidence,
  realCollateral,
  realFile,
  realText,
} from './real-evidence.ts';

describe.skipIf(!haveRealEvidence)('real evidence', () => {
  it('refuses the debug TD by every policy without allowDebug', async () => {
    const at = new Date(1_687_939_438_000);
    const bundle = realCollateral('tdx-50806f000000-202306');
    const collateral = await prepareCollateral(bundle, { root: 'intel', at });
    const quote = realFile('tdx/v4-debug-td-50806f.bin');
    const evidence = await verifyQuote(quote, collateral, { at });
    expect(evidence.tcb.status).toBe('UpToDate');
    for (const policy of [{ tee: 'tdx' }, { roots: 'intel' }, { tcb: { accept: 'UpToDate' } }]) {
      expect(await decide(policy, { evidence })).toBe('ERR_POLICY_DEBUG');
      expect(await decide({ ...policy, allowDebug: true }, { evidence })).toBe('accepted');
    }
  });

  it('judges SNP reports', async () => {
    const [debug, plain] = await Promise.all(
      expectedReports().map(async ({ report, chain, leaf }) =>
        verifySnpReport(
          realFile(`snp/${report}`),
          endorsementsFromPem(realText(`snp/${chain}`) + realText(`snp/${leaf}`)),
          { root: 'amd', at: new Date('2024-06-01T00:00:00Z') },
        ),
      ),
    );
    if (debug === undefined || plain === undefined) throw new Error('reports are missing');
    expect(await decide({ tee: 'sev-snp' }, { evidence: debug })).toBe('ERR_POLICY_DEBUG');
    expect(await decide({ tee: 'sev-snp' }, { evidence: plain })).toBe('accepted');
    const { reported } = plain.tcb;
    expect(await decide({ tcb: { minimumSnp: reported } }, { evidence: plain })).toBe('accepted');
    const higher = { ...reported, microcode: reported.microcode + 1 };
    expect(await decide({ tcb: { minimumSnp: higher } }, { evidence: plain })).toBe(
      'ERR_POLICY_TCB_MINIMUM',
    );
    const measurement = plain.measurements.get('measurement');
    expect(await decide({ measurements: { a: { measurement } } }, { evidence: plain })).toBe(
      'accepted',
    );
  });
});
