// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveCollateral } from '@proofgate/simulator';
import { NOW, proofgate, proofgateWith, type Outcome } from './support/command.ts';
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
const ANY_TD = '{"version":1,"name":"any TD","tee":"tdx","roots":"intel"}';

interface Report {
  readonly verdict: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}
const reportOf = ({ out }: Outcome): Report => JSON.parse(out) as Report;

describeWithRealEvidence('evidence of real machines', () => {
  const { quote, bundle, at } = PRODUCTION_TD;

  it.for([
    ['its bundle', bundle],
    ['a directory of bundles', realEvidence('collateral')],
  ])('is accepted with %s', async ([, collateral]) => {
    const outcome = await proofgate('verify', quote, '--collateral', collateral!, '--at', at);
    expect(outcome).toMatchObject({ exitCode: 0, err: '' });
    const [line] = outcome.out.split('\n');
    expect(line).toBe(`ACCEPTED  ${quote}  (evidence alone, no policy)`);
    expect(outcome.out).toMatch(/^TCB +UpToDate$/mu);
    expect(outcome.out).toMatch(/^binding +none$/mu);
  });

  it('is accepted under a policy that names it', async () => {
    const policy = directory.write('any-td.json', ANY_TD);
    const args = ['--collateral', bundle, '--at', at, '--policy', policy];
    const outcome = await proofgate('verify', quote, ...args);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.out).toContain('(policy any TD)');
  });

  it('is refused after its collateral has run out, which is now', async () => {
    const outcome = await proofgate('verify', quote, '--collateral', bundle, '--json');
    expect(outcome).toMatchObject({ exitCode: 10, err: '' });
    expect(reportOf(outcome)).toMatchObject({
      verdict: 'refused',
      code: expect.stringMatching(/_EXPIRED$/) as string,
      at: NOW.toISOString(),
    });
  });

  it('is refused when one bit of it differs', async () => {
    const changed = Buffer.from(readRealEvidence('tdx/v4-phala-b0c06f.bin'));
    // RTMR0: Intel TDX DCAP quote v4, section 2.3.
    changed.writeUInt8(changed.readUInt8(376) ^ 1, 376);
    const file = directory.write('changed.bin', changed);
    const outcome = await proofgate('verify', file, '--collateral', bundle, '--at', at);
    expect(outcome.exitCode).toBe(10);
    const [line] = outcome.out.split('\n');
    expect(line).toBe(`REFUSED  ${file}  ERR_DCAP_QUOTE_SIGNATURE`);
    expect(outcome.out).not.toMatch(/^mrtd/mu);
  });

  it('is refused by a policy when the TD is under debug, and warned of without one', async () => {
    const policy = directory.write('any-td.json', ANY_TD);
    const args = ['verify', DEBUG_TD.quote, '--collateral', DEBUG_TD.bundle, '--at', DEBUG_TD.at];
    const outcome = await proofgate(...args, '--policy', policy);
    expect(outcome.exitCode).toBe(11);
    expect(outcome.out).toMatch(/^REFUSED .*ERR_POLICY_DEBUG$/mu);
    const alone = await proofgate(...args);
    expect(alone.exitCode).toBe(0);
    expect(alone.out).toMatch(/^WARNING +debug$/mu);
  });

  it('cannot be judged without collateral', async () => {
    const outcome = await proofgate('verify', quote, '--at', at, '--json');
    expect(outcome).toMatchObject({ exitCode: 20, out: '' });
    expect(outcome.err).toContain('ERR_COLLATERAL_UNAVAILABLE');
  });

  it('of SEV-SNP needs AMD’s chain, in one PEM file', async () => {
    const report = realEvidence('snp/trustee-vcek-report.bin');
    const chain = ['snp/trustee-vcek-leaf.pem', 'snp/chain-milan.pem'].map(readRealEvidence);
    const file = directory.write('amd.pem', chain.map(String).join('\n'));
    const args = ['--at', '2026-06-01', '--json'];
    const accepted = await proofgate('verify', report, '--collateral', file, ...args);
    expect(reportOf(accepted)).toMatchObject({ verdict: 'accepted', trustAnchor: 'amd' });
    const text = await proofgate('verify', report, '--collateral', file, ...args.slice(0, 2));
    expect(text.out).toMatch(/^TEE +sev-snp$/mu);
    expect(text.out).toMatch(/^TCB +no status$/mu);
    const without = await proofgate('verify', report, ...args);
    expect(without.exitCode).toBe(10);
    expect(reportOf(without).code).toBe('ERR_SNP_ENDORSEMENTS_MISSING');
    const half = realEvidence('snp/chain-milan.pem');
    const incomplete = await proofgate('verify', report, '--collateral', half, ...args);
    expect(incomplete).toMatchObject({ exitCode: 10, out: '' });
  });

  it('that is an event log alone proves nothing', async () => {
    const outcome = await proofgate('verify', realEvidence('ccel/ccel_data.dat'));
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_CLI_TARGET');
  });

  it.for<[code: string, ...args: string[]]>([
    ['ERR_CLI_USAGE', '--at', 'yesterday'],
    ['ERR_CLI_USAGE', '--freshness', 'session'],
    ['ERR_CLI_USAGE', '--freshness', 'certificate'],
    ['ERR_CLI_USAGE', '--ca', realEvidence('snp/chain-milan.pem')],
    ['ERR_CLI_FILE', '--ca', '/nothing/here'],
    ['ERR_CLI_FILE', '--root', quote],
    ['ERR_CLI_FILE', '--policy', '/nothing/here'],
    ['ERR_CLI_FILE', '--policy', quote],
    ['ERR_POLICY_INVALID', '--policy', bundle],
  ])('is not looked at when an option is wrong: %s %s', async ([code, ...args]) => {
    const outcome = await proofgate('verify', quote, '--collateral', bundle, ...args);
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain(code);
  });
});

describe('a host', () => {
  let host: SimulatedHost;
  let service: { readonly url: string; close(): Promise<void> };
  let files: { readonly ca: string; readonly root: string; readonly bundle: string };

  beforeAll(async () => {
    host = await startSimulatedHost();
    service = await serveCollateral({ platform: host.platform, port: 0 });
    files = {
      ca: directory.write('ca.pem', host.rootPem),
      root: directory.write('platform-root.pem', host.platformRootPem),
      bundle: directory.write('bundle.json', JSON.stringify(host.platform.collateral())),
    };
  });
  afterAll(async () => {
    await service.close();
    await host.close();
  });

  it('is accepted when its roots are named, with progress beside the verdict', async () => {
    const args = ['--ca', files.ca, '--root', files.root, '--collateral', service.url];
    const outcome = await proofgate('verify', `https://${host.address}`, ...args);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.out).toMatch(/^ACCEPTED/u);
    expect(outcome.out).toContain("NOT a vendor's root");
    expect(outcome.out).toMatch(/^workload hello +example\.com\/hello  sha256:(5a){32}$/mu);
    expect(outcome.err.split('\n')[0]).toBe(`connecting to ${host.address} …`);
    expect(outcome.err).toMatch(/^fetching http:.*\/tdx\/certification\/v4\/tcb\?fmspc=.* …$/mu);
  });

  it('prints one JSON object and no progress with --json', async () => {
    const args = ['--ca', files.ca, '--root', files.root, '--collateral', service.url, '--json'];
    const outcome = await proofgate('verify', host.address, ...args);
    expect(outcome).toMatchObject({ exitCode: 0, err: '' });
    expect(reportOf(outcome)).toMatchObject({
      verdict: 'accepted',
      policy: 'none',
      binding: 'certificate',
      certificateChain: 'verified',
      workloads: [{ name: 'hello', imageDigest: IMAGE_DIGEST }],
    });
  });

  it.each([
    ['the option', (): string[] => ['--freshness', 'session']],
    [
      'the policy',
      (): string[] => {
        const rules = { tee: 'tdx', freshness: { mode: 'session', maxAge: 'PT1H' } };
        const roots = [`sha256:${host.platform.rootSha256}`];
        const policy = { version: 1, name: 'session', roots, imageProfile: 'production', ...rules };
        return ['--policy', directory.write('session.json', JSON.stringify(policy))];
      },
    ],
  ])('proves the very session when %s asks for it', async (_what, more) => {
    const args = ['--ca', files.ca, '--root', files.root, '--collateral', files.bundle, '--json'];
    const outcome = await proofgate('verify', host.address, ...args, ...more());
    expect(reportOf(outcome)).toMatchObject({ verdict: 'accepted', binding: 'session' });
  });

  it('is refused unless its simulated root is named', async () => {
    const args = ['--ca', files.ca, '--collateral', files.bundle, '--json'];
    const outcome = await proofgate('verify', host.address, ...args);
    expect(outcome.exitCode).toBe(10);
    expect(reportOf(outcome).code).toBe('ERR_CERT_ROOT_UNTRUSTED');
  });

  it('can be judged from files of its certificate and its document', async () => {
    const args = ['--ca', files.ca, '--root', files.root, '--collateral', files.bundle, '--json'];
    const chain = directory.write('chain.pem', host.chainPem);
    expect(reportOf(await proofgate('verify', chain, ...args))).toMatchObject({
      verdict: 'accepted',
      binding: 'certificate',
      workloads: null,
    });
    const document = directory.write('document.json', host.document);
    expect(reportOf(await proofgate('verify', document, ...args))).toMatchObject({
      verdict: 'accepted',
      binding: 'none',
    });
  });

  it('is judged by its certificate when it gives no document', async () => {
    const silent = await startSimulatedHost({ answer: () => ({ status: 404, body: '' }) });
    try {
      const root = directory.write('silent-root.pem', silent.platformRootPem);
      const collateral = JSON.stringify(silent.platform.collateral());
      const bundle = directory.write('silent.json', collateral);
      const args = ['--root', root, '--collateral', bundle];
      const outcome = await proofgate('verify', silent.address, ...args);
      expect(outcome.exitCode).toBe(0);
      expect(outcome.err).toContain('going on without the attestation document (HTTP status 404)');
    } finally {
      await silent.close();
    }
  });

  it('is refused when its document is malformed', async () => {
    const lying = await startSimulatedHost({ answer: () => ({ status: 200, body: '{}' }) });
    try {
      const outcome = await proofgate('verify', lying.address);
      expect(outcome).toMatchObject({ exitCode: 10, out: '' });
      expect(outcome.err).toContain('ERR_DOCUMENT_INVALID');
    } finally {
      await lying.close();
    }
  });

  it('cannot write to the terminal', async () => {
    const evil = await startSimulatedHost({ dataKeyOrigin: 'x\u001b[2J\u202ey' });
    try {
      const root = directory.write('evil-root.pem', evil.platformRootPem);
      const bundle = directory.write('evil.json', JSON.stringify(evil.platform.collateral()));
      const args = ['verify', evil.address, '--root', root, '--collateral', bundle];
      for (const more of [[], ['--json']]) {
        const { exitCode, out } = await proofgate(...args, ...more);
        expect(exitCode).toBe(0);
        expect(out).toMatch(/x\\u\{?0*1b\}?\[2J/u);
        expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      }
    } finally {
      await evil.close();
    }
  });

  it('is shown in colours only when the terminal has them', async () => {
    const args = ['verify', host.address, '--root', files.root, '--collateral', files.bundle];
    expect((await proofgateWith({ colour: true }, ...args)).out).toMatch(/^\u001b\[32mACCEPTED/u);
    expect((await proofgate(...args)).out).not.toContain('\u001b');
  });
});
