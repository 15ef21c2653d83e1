// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOW, proofgate } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import {
  DEBUG_TD,
  describeWithRealEvidence,
  PRODUCTION_TD,
  readRealEvidence,
  realEvidence,
} from './support/real-evidence.ts';
import { IMAGE_DIGEST, startSimulatedHost, type SimulatedHost } from './support/simulated-host.ts';

const directory = testDirectory();

interface PolicyFile {
  readonly name: string;
  readonly description: string;
  readonly measurements: { readonly 'first-use': Readonly<Record<string, string>> };
  readonly [member: string]: unknown;
}

describe('a policy made from a host', () => {
  let host: SimulatedHost;
  let how: readonly string[];

  beforeAll(async () => {
    host = await startSimulatedHost();
    how = [
      ...['--ca', directory.write('ca.pem', host.rootPem)],
      ...['--root', directory.write('platform-root.pem', host.platformRootPem)],
      ...['--collateral', bundleOf('bundle.json', host)],
    ];
  });
  afterAll(() => host.close());

  it('names what was proved and says how it came about', async () => {
    const { exitCode, out, err } = await proofgate('policy', 'init', host.address, ...how);
    expect(exitCode).toBe(0);
    expect(err).toContain('trust on first use');
    const policy = JSON.parse(out) as PolicyFile;
    expect(policy.description).toContain('TRUST ON FIRST USE');
    expect(policy.description).toContain(NOW.toISOString());
    expect(policy.description).toContain('(evidence verified)');
    expect(policy).toMatchObject({
      version: 1,
      name: `first use of ${host.address}`,
      tee: 'tdx',
      roots: [`sha256:${host.platform.rootSha256}`],
      tcb: { accept: ['UpToDate'], minimumEvaluationNumber: expect.any(Number) as number },
      extensions: {
        workloadRoot: `hex:${'22'.repeat(32)}`,
        imageDigest: `hex:${IMAGE_DIGEST}`,
      },
      imageProfile: 'production',
      workloads: { hello: [`sha256:${IMAGE_DIGEST}`] },
      freshness: { mode: 'certificate' },
    });
    // RTMR3 changes with every load; the workloads stand for it.
    expect(Object.keys(policy.measurements['first-use'])).toEqual([
      'mrtd',
      'rtmr0',
      'rtmr1',
      'rtmr2',
    ]);
    expect(policy).not.toHaveProperty('allowDebug');
  });

  it('accepts the host and refuses another one', async () => {
    const { out } = await proofgate('policy', 'init', host.address, ...how, '--name', 'mine');
    const policy = directory.write('mine.json', out);
    const accepted = await proofgate('verify', host.address, ...how, '--policy', policy);
    expect(accepted.exitCode).toBe(0);
    expect(accepted.out).toContain('(policy mine)');
    const other = await startSimulatedHost();
    try {
      const root = directory.write('other-root.pem', other.platformRootPem);
      const args = ['--root', root, '--collateral', bundleOf('other.json', other)];
      const refused = await proofgate('verify', other.address, ...args, '--policy', policy);
      expect(refused.exitCode).toBe(11);
      expect(refused.out).toContain('ERR_POLICY_ROOT');
    } finally {
      await other.close();
    }
  });

  it('is not made of evidence that is refused', async () => {
    const outcome = await proofgate('policy', 'init', host.address, ...how.slice(0, 2));
    expect(outcome).toMatchObject({ exitCode: 0 });
    const untrusted = await proofgate('policy', 'init', host.address, ...how.slice(4));
    expect(untrusted).toMatchObject({ exitCode: 10, out: '' });
    expect(untrusted.err).toContain('ERR_CERT_ROOT_UNTRUSTED');
  });

  it('does not allow what a policy has to allow by name', async () => {
    const odd = await startSimulatedHost({ imageProfile: 'dev' });
    try {
      const root = directory.write('dev-root.pem', odd.platformRootPem);
      const args = ['--root', root, '--collateral', bundleOf('dev.json', odd)];
      const { exitCode, out, err } = await proofgate('policy', 'init', odd.address, ...args);
      expect(exitCode).toBe(0);
      expect(JSON.parse(out)).not.toHaveProperty('imageProfile');
      expect(err).toContain('refuses the target as it is now: imageProfile is dev');
    } finally {
      await odd.close();
    }
  });

  it.for(['chain.pem', 'document.json'])('says that nothing was verified: %s', async (name) => {
    const content = name === 'chain.pem' ? host.chainPem : host.document;
    const file = directory.write(name, content);
    const { exitCode, out } = await proofgate('policy', 'init', file);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      description: expect.stringContaining('NOT VERIFIED, ERR_COLLATERAL_UNAVAILABLE') as string,
      imageProfile: 'production',
      extensions: { imageDigest: `hex:${IMAGE_DIGEST}` },
      measurements: { 'first-use': { rtmr3: expect.stringMatching(/^[0-9a-f]{96}$/) as string } },
    });
    for (const member of ['roots', 'workloads', 'freshness']) {
      expect(JSON.parse(out)).not.toHaveProperty(member);
    }
  });

  it.for([['--name', 'not\u001ba name']])('refuses %j', async (more) => {
    const outcome = await proofgate('policy', 'init', host.address, ...how, ...more);
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_POLICY_INVALID');
  });
});

function bundleOf(name: string, { platform }: SimulatedHost): string {
  return directory.write(name, JSON.stringify(platform.collateral()));
}

describeWithRealEvidence('a policy made from real evidence', () => {
  const { quote, bundle, at } = PRODUCTION_TD;

  it('accepts what it was made from', async () => {
    const how = ['--collateral', bundle, '--at', at];
    const { out, exitCode } = await proofgate('policy', 'init', quote, ...how);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      roots: ['intel'],
      measurements: { 'first-use': { rtmr3: '00'.repeat(48) } },
    });
    expect(JSON.parse(out)).not.toHaveProperty('freshness');
    const policy = directory.write('quote.json', out);
    const verdict = await proofgate('verify', quote, ...how, '--policy', policy);
    expect(verdict.exitCode).toBe(0);
  });

  it('refuses the debug TD that it was made from, and says so', async () => {
    const how = ['--collateral', DEBUG_TD.bundle, '--at', DEBUG_TD.at];
    const { out, err } = await proofgate('policy', 'init', DEBUG_TD.quote, ...how);
    expect(err).toContain('refuses the target as it is now: debug');
    const policy = directory.write('debug.json', out);
    const verdict = await proofgate('verify', DEBUG_TD.quote, ...how, '--policy', policy);
    expect(verdict.exitCode).toBe(11);
    expect(verdict.out).toContain('ERR_POLICY_DEBUG');
  });

  it.for([
    ['tdx/v4-phala-b0c06f.bin', 'tdx', ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3']],
    ['sgx/v3-phala-00a067.bin', 'sgx', ['mrenclave', 'mrsigner']],
    ['snp/gosev-milan-report.bin', 'sev-snp', ['measurement']],
  ] as const)('says that nothing was verified: %s', async ([file, tee, registers]) => {
    const { exitCode, out, err } = await proofgate('policy', 'init', realEvidence(file));
    expect(exitCode).toBe(0);
    expect(err).toContain('NOT VERIFIED');
    const policy = JSON.parse(out) as PolicyFile;
    expect(policy.description).toContain('evidence NOT VERIFIED');
    expect(policy['tee']).toBe(tee);
    expect(Object.keys(policy.measurements['first-use'])).toEqual(registers);
    for (const member of ['roots', 'tcb', 'workloads', 'freshness', 'allowDebug']) {
      expect(policy).not.toHaveProperty(member);
    }
  });

  it('names the firmware of verified SEV-SNP evidence as the minimum', async () => {
    const chain = ['snp/trustee-vcek-leaf.pem', 'snp/chain-milan.pem'].map(readRealEvidence);
    const file = directory.write('amd.pem', chain.map(String).join('\n'));
    const target = realEvidence('snp/trustee-vcek-report.bin');
    const args = ['--collateral', file, '--at', '2026-06-01'];
    const { exitCode, out } = await proofgate('policy', 'init', target, ...args);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      roots: ['amd'],
      tcb: { minimumSnp: { bootLoader: 3, tee: 0, snp: 8, microcode: 115 } },
    });
  });

  it('needs evidence', async () => {
    const plain = await proofgate('policy', 'init', realEvidence('snp/chain-milan.pem'));
    expect(plain).toMatchObject({ exitCode: 10, out: '' });
    const log = await proofgate('policy', 'init', realEvidence('ccel/ccel_data.dat'));
    expect(log).toMatchObject({ exitCode: 2, out: '' });
  });
});
