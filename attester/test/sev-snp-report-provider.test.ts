// SPDX-License-Identifier: Apache-2.0
import { sevSnpReportProvider } from '@proofgate/attester';
import { asReportData, toHex } from '@proofgate/evidence';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FakeConfigfs } from './fake-configfs.ts';

const SAMPLE = new URL('../../../shared/data/quotes/snp/gosev-milan-report.bin', import.meta.url);
const REPORT_DATA_OFFSET = 0x50;

// Without the samples this is a visible skip on a user's machine and a failure in CI.
describe.skipIf(!existsSync(SAMPLE) && process.env['CI'] === undefined)('SEV-SNP reports', () => {
  const sample = existsSync(SAMPLE) ? new Uint8Array(readFileSync(SAMPLE)) : new Uint8Array(1184);
  const reportData = asReportData(sample.slice(REPORT_DATA_OFFSET, REPORT_DATA_OFFSET + 64));
  const table = Uint8Array.of(1, 2, 3);

  it('come with the certificates of the host', async () => {
    const reports = new FakeConfigfs(
      () => Promise.resolve(sample),
      { provider: 'sev_guest' },
      table,
    );
    const provider = sevSnpReportProvider({ reports });
    expect([provider.tee, provider.simulated]).toEqual(['sev-snp', false]);
    expect(await provider.evidence(reportData)).toEqual({
      report: sample,
      certificateTable: table,
    });
    expect(toHex(await provider.quote(reportData))).toBe(toHex(sample));
    expect(reports.present.size).toBe(0);
  });

  it('are refused when they cover other report data', async () => {
    const reports = new FakeConfigfs(() => Promise.resolve(sample), { provider: 'sev_guest' });
    const other = asReportData(new Uint8Array(64).fill(9));
    await expect(sevSnpReportProvider({ reports }).quote(other)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_REPORT_DATA_MISMATCH',
    });
  });

  it('are refused when they are no reports, or the guest is another', async () => {
    const short = new FakeConfigfs(() => Promise.resolve(sample.slice(0, 1000)), {
      provider: 'sev_guest',
    });
    await expect(sevSnpReportProvider({ reports: short }).quote(reportData)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_QUOTE_INVALID',
      seen: '1000 bytes',
    });
    const tdx = new FakeConfigfs(() => Promise.resolve(sample));
    await expect(sevSnpReportProvider({ reports: tdx }).quote(reportData)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_WRONG_PROVIDER',
    });
  });
});
