// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { proofgate } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import { violations, type JsonSchema } from './support/json-schema.ts';
import {
  DEBUG_TD,
  describeWithRealEvidence,
  PRODUCTION_TD,
  readRealEvidence,
  realEvidence,
} from './support/real-evidence.ts';
import { startSimulatedHost } from './support/simulated-host.ts';

const directory = testDirectory();
const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/schema/proofgate.verdict.schema.json', import.meta.url), 'utf8'),
) as JsonSchema;

type Report = Record<string, unknown>;

async function report(...args: readonly string[]): Promise<Report> {
  return JSON.parse((await proofgate('verify', ...args, '--json')).out) as Report;
}

async function hostReport(policy?: (rootSha256: string) => unknown): Promise<Report> {
  const host = await startSimulatedHost();
  try {
    const { platform, address } = host;
    const root = directory.write('root.pem', host.platformRootPem);
    const bundle = directory.write('bundle.json', JSON.stringify(platform.collateral()));
    const file = (): string =>
      directory.write('policy.json', JSON.stringify(policy?.(platform.rootSha256)));
    const how = policy === undefined ? ['--root', root] : ['--policy', file()];
    return await report(address, '--collateral', bundle, ...how);
  } finally {
    await host.close();
  }
}

describe('the schema of verdicts', () => {
  it('fits an accepted host', async () => {
    const accepted = await hostReport();
    expect(accepted['verdict']).toBe('accepted');
    expect(accepted['extensions']).toHaveLength(3);
    expect(violations(SCHEMA, accepted)).toEqual([]);
  });

  it('fits a host that a policy refuses, with the nearest measurement set', async () => {
    const refused = await hostReport((root) => ({
      version: 1,
      roots: `sha256:${root}`,
      measurements: { other: { mrtd: '00'.repeat(48) } },
    }));
    expect(refused['code']).toBe('ERR_POLICY_MEASUREMENT');
    expect(refused).toHaveProperty('nearestMeasurementSet.differing.0.register', 'mrtd');
    expect(violations(SCHEMA, refused)).toEqual([]);
  });

  it.for<[complaint: string, change: (report: Report) => unknown]>([
    ['$.extra is not in the schema', (report) => ({ ...report, extra: 1 })],
    ['$ is what it must not be', (report) => ({ ...report, code: 'ERR_X' })],
    ['$.code is missing', (report) => ({ ...report, verdict: 'refused', message: 'x' })],
    ['$.verdict is not in', (report) => ({ ...report, verdict: 'maybe' })],
    ['$.binding is missing', ({ binding: _, ...report }) => report],
    ['$.reportData does not match', (report) => ({ ...report, reportData: 'AA' })],
    ['$.platform.fmspc is not', (report) => ({ ...report, platform: { fmspc: 1 } })],
    ['$.tcb.status is none of', (report) => ({ ...report, tcb: { status: 'Fine' } })],
    ['$.checks[0].result is missing', (report) => ({ ...report, checks: [{ name: 'x' }] })],
    ['$ is not "object"', () => []],
  ])('does not fit anything else: %s', async ([complaint, change]) => {
    const found = violations(SCHEMA, change(await hostReport()));
    expect(found.join('\n')).toContain(complaint);
  });

  it('is read as a whole', () => {
    expect(() => violations({ multipleOf: 3 }, 4)).toThrow('unknown keyword multipleOf');
  });
});

describeWithRealEvidence('the schema of verdicts on real evidence', () => {
  it.for([
    ['accepted', PRODUCTION_TD.quote, PRODUCTION_TD.bundle, PRODUCTION_TD.at],
    ['accepted', DEBUG_TD.quote, DEBUG_TD.bundle, DEBUG_TD.at],
    [
      'accepted',
      realEvidence('sgx/v3-phala-00a067.bin'),
      realEvidence('collateral/sgx-00a067110000-202506.json'),
      '1751624924',
    ],
    [
      'accepted',
      realEvidence('tdx/v5-google-90c06f.bin'),
      realEvidence('collateral/tdx-90c06f000000-202602.json'),
      '1772707803',
    ],
    ['refused', PRODUCTION_TD.quote, PRODUCTION_TD.bundle, '2026-07-01'],
  ] as const)('fits what is %s: %s', async ([verdict, quote, bundle, at]) => {
    const found = await report(quote, '--collateral', bundle, '--at', at);
    expect(found['verdict']).toBe(verdict);
    expect(violations(SCHEMA, found)).toEqual([]);
  });

  it('fits SEV-SNP', async () => {
    const chain = ['snp/trustee-vcek-leaf.pem', 'snp/chain-milan.pem'].map(readRealEvidence);
    const file = directory.write('amd.pem', chain.map(String).join('\n'));
    const target = realEvidence('snp/trustee-vcek-report.bin');
    const found = await report(target, '--collateral', file, '--at', '2026-06-01');
    expect(found['verdict']).toBe('accepted');
    expect(violations(SCHEMA, found)).toEqual([]);
  });
});
