// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  describeOid,
  encodePem,
  fromUtf8,
  OID,
  parseCertificate,
  parseQuote,
  readAttestationExtensions,
  toHex,
  type ExtensionValue,
} from '@proofgate/evidence';
import { freePort } from './support/free-port.ts';
import { servedLeaf } from './support/https-request.ts';
import { plannedValue, planOf, simulatorOf, type SystemPolicy } from './support/policy.ts';
import { proofgate, proofgateOk, type Outcome } from './support/proofgate.ts';
import { HELLO } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import type { Stack } from './support/stack.ts';
import { report } from './support/verify-report.ts';

const it = testWithStack();

const urlOf = ({ files }: Stack): string => `https://${HELLO}:${String(files.port)}`;

/** The same text with another last hex digit. */
const changed = (hex: string): string => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');

async function writePolicy({ files }: Stack, policy: SystemPolicy): Promise<string> {
  const path = join(files.path, 'policy.json');
  await writeFile(path, JSON.stringify(policy));
  return path;
}

/** Verifies the app as a careful client does, with what a test wants to differ put in front. */
async function verifyHello(
  stack: Stack,
  policy: SystemPolicy,
  ...options: string[]
): Promise<Outcome> {
  const { collateral } = await simulatorOf(stack);
  const policyFile = await writePolicy(stack, policy);
  const args = ['--ca', stack.files.rootFile, '--policy', policyFile, '--collateral', collateral];
  return proofgate('verify', urlOf(stack), ...args, ...options);
}

describe('proofgate verify https://…', () => {
  it('accepts the app under a policy made of its plan', async ({ stack, policy }) => {
    const outcome = await verifyHello(stack, policy, '--json');
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(report(outcome)).toMatchObject({
      verdict: 'accepted',
      policy: 'system',
      tee: 'tdx',
      tcb: { status: 'UpToDate', advisories: [], date: expect.any(String) as string },
      measurements: policy.measurements['image'],
      measurementSet: 'image',
      reportData: expect.stringMatching(/^[0-9a-f]{128}$/) as string,
      extensions: expect.arrayContaining([
        {
          oid: OID.workloadRoot,
          name: describeOid(OID.workloadRoot)?.name,
          value: policy.extensions[OID.workloadRoot],
        },
      ]) as unknown,
      workloads: [{ name: 'hello' }],
      binding: 'certificate',
      freshness: { mode: 'certificate' },
      certificateChain: 'verified',
    });
    expect(report(outcome)).not.toHaveProperty('code');
    const results = new Set(report(outcome).checks.map(({ result }) => result));
    expect([...results].sort()).toEqual(['passed', 'skipped']);
  });

  it('prints a verdict for people, and progress beside it', async ({ stack, policy }) => {
    const { exitCode, stdout, stderr } = await verifyHello(stack, policy);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ACCEPTED/);
    expect(stdout).toContain("NOT a vendor's root");
    expect(stderr).toContain('connecting to');
  });

  it('accepts evidence alone when its root is named, and says that there was no policy', async ({
    stack,
  }) => {
    const { collateral } = await simulatorOf(stack);
    const root = join(stack.files.runDirectory, 'simulator-root.pem');
    const args = ['--root', root, '--collateral', collateral, '--json'];
    const outcome = await proofgate('verify', urlOf(stack), ...args);
    expect(outcome.exitCode).toBe(0);
    expect(report(outcome)).toMatchObject({
      verdict: 'accepted',
      policy: 'none',
      certificateChain: 'not verified',
    });
  });

  it('refuses simulated evidence unless its root is named', async ({ stack, policy }) => {
    const { collateral } = await simulatorOf(stack);
    const refusal = { verdict: 'refused', code: 'ERR_CERT_ROOT_UNTRUSTED' };
    const plain = ['--ca', stack.files.rootFile, '--collateral', collateral, '--json'];
    const alone = await proofgate('verify', urlOf(stack), ...plain);
    expect(alone.exitCode).toBe(10);
    expect(report(alone)).toMatchObject(refusal);
    const vendors = { ...policy, roots: ['intel', 'amd'] };
    const underPolicy = await verifyHello(stack, vendors, '--json');
    expect(underPolicy.exitCode).toBe(10);
    expect(report(underPolicy)).toMatchObject(refusal);
  });

  it('refuses a certificate of another CA', async ({ stack, policy }) => {
    const out = join(stack.files.path, 'other-pki');
    // The same names, so that only the key differs.
    const args = ['--name', 'System test root', '--no-passphrase'];
    await proofgateOk('ca', 'init', '--out', out, ...args);
    const other = ['--ca', join(out, 'root.pem'), '--json'];
    const outcome = await verifyHello(stack, policy, ...other);
    expect(outcome.exitCode).toBe(10);
    expect(report(outcome)).toMatchObject({ verdict: 'refused', code: 'ERR_CERT_ROOT_UNTRUSTED' });
  });

  it.for<[string, string, (policy: SystemPolicy) => Partial<SystemPolicy>]>([
    [
      'a measurement',
      'ERR_POLICY_MEASUREMENT',
      ({ measurements: { image = {} } }) => ({
        measurements: { image: { ...image, rtmr3: changed(image['rtmr3'] ?? '') } },
      }),
    ],
    [
      'the digest of the workload',
      'ERR_POLICY_WORKLOAD',
      ({ workloads }) => ({ workloads: { hello: (workloads['hello'] ?? []).map(changed) } }),
    ],
    [
      'an extension',
      'ERR_POLICY_EXTENSION',
      ({ extensions }) => ({
        extensions: { [OID.workloadRoot]: changed(extensions[OID.workloadRoot] ?? '') },
      }),
    ],
  ])(
    'refuses under a policy that differs in one digit of %s',
    async ([, code, change], { stack, policy }) => {
      const outcome = await verifyHello(stack, { ...policy, ...change(policy) }, '--json');
      expect(outcome.exitCode).toBe(11);
      expect(report(outcome)).toMatchObject({ verdict: 'refused', code });
    },
  );

  it('cannot judge without collateral, and without the host', async ({ stack, policy }) => {
    const dead = `127.0.0.1:${String(await freePort())}`;
    const noService = await verifyHello(stack, policy, '--collateral', `http://${dead}`);
    expect(noService).toMatchObject({ exitCode: 20, stdout: '' });
    expect(noService.stderr).toContain('ERR_COLLATERAL_UNAVAILABLE');
    const noHost = await proofgate('verify', `https://${dead}`);
    expect(noHost).toMatchObject({ exitCode: 20, stdout: '' });
    expect(noHost.stderr).toContain('ERR_CONNECT_UNAVAILABLE');
  });

  it('refuses a command line that it does not understand', async ({ stack }) => {
    const { rootFile, path } = stack.files;
    const url = urlOf(stack);
    const empty = join(path, 'empty-policy.json');
    await writeFile(empty, '{"version":1,"name":"empty"}');
    const lines: readonly (readonly [complaint: string, ...args: string[]])[] = [
      ["missing required argument 'target'"],
      ["unknown option '--plicy'", url, '--plicy', 'x'],
      ['ERR_CLI_USAGE', url, '--at', 'yesterday'],
      ['ERR_CLI_FILE', url, '--ca', join(path, 'absent.pem')],
      ['ERR_CLI_TARGET', rootFile.replace('root.pem', 'nothing/here')],
      ['ERR_POLICY_EMPTY', url, '--policy', empty],
    ];
    const outcomes = lines.map(async ([complaint, ...args]) => {
      const outcome = await proofgate('verify', ...args);
      expect(outcome, complaint).toMatchObject({ exitCode: 2, stdout: '' });
      expect(outcome.stderr).toContain(complaint);
    });
    await Promise.all(outcomes);
  });
});

describe('proofgate plan', () => {
  it('knows before the start what the certificate and RTMR3 will say', async ({ stack }) => {
    const plan = await planOf(stack);
    const leaf = parseCertificate(await servedLeaf(stack.hello));
    const { quote, values } = readAttestationExtensions(leaf);
    const planned = plan.hosts.find(({ hostname }) => hostname === HELLO)?.extensions;
    const asPlanned = ({ oid, value }: ExtensionValue): unknown => {
      const { name, encoding } = describeOid(oid)!;
      return { oid, name, value: encoding === 'text' ? fromUtf8(value) : toHex(value) };
    };
    expect(values.map(asPlanned)).toEqual(planned);
    expect(planned?.length).toBeGreaterThan(4);
    expect(plannedValue(plan, OID.workloadRoot)).toBe(plan.workloads[0]?.configRoot);
    const parsed = parseQuote(quote!.bytes);
    expect(parsed.kind === 'tdx' && toHex(parsed.body.rtmr[3])).toBe(plan.rtmr3);
    expect(await stack.ask('launcher.sock', '/v1/eventlog')).toEqual({ events: plan.events });
  });
});

describe('proofgate inspect', () => {
  it('shows a host and its leaf without judging them', async ({ stack }) => {
    const host = await proofgate('inspect', urlOf(stack));
    const file = join(stack.files.path, 'leaf.pem');
    await writeFile(file, encodePem('CERTIFICATE', await servedLeaf(stack.hello)));
    const leaf = await proofgate('inspect', file);
    for (const { exitCode, stdout } of [host, leaf]) {
      expect(exitCode).toBe(0);
      expect(stdout).toContain(HELLO);
      expect(stdout).toContain('rtmr');
      expect(stdout).not.toMatch(/verified|accepted/i);
    }
    expect(host.stdout).toContain('certificate 1');
    const json = await proofgate('inspect', file, '--json');
    expect(JSON.parse(json.stdout)).toHaveProperty('quote.body.reportData');
  });

  it('says when there is nothing to show', async () => {
    const dead = `127.0.0.1:${String(await freePort())}`;
    expect(await proofgate('inspect', dead)).toMatchObject({ exitCode: 20, stdout: '' });
    expect(await proofgate('inspect', '/nothing/here')).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
