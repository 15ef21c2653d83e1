// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { proofgate, proofgateWith } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const directory = testDirectory();
const A = 'aa'.repeat(48);
const B = 'bb'.repeat(48);
const DIGEST = `sha256:${'cd'.repeat(32)}`;

const BASE = {
  version: 1,
  name: 'base',
  tee: ['tdx'],
  roots: ['intel'],
  measurements: { v1: { mrtd: A, rtmr0: B } },
  workloads: { hello: [DIGEST] },
  extensions: { imageDigest: `hex:${'cd'.repeat(32)}` },
  freshness: { mode: 'certificate', maxAge: 'PT24H' },
} as const;

let files = 0;
function policyFile(policy: unknown): string {
  files += 1;
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
  return directory.write(`policy-${String(files)}.json`, text);
}

describe('policy check', () => {
  it('says in words what a policy accepts', async () => {
    const { exitCode, out, err } = await proofgate('policy', 'check', policyFile(BASE));
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.split('\n')[0]).toBe('policy base accepts evidence if');
    for (const line of [
      /^ {2}the TEE is +tdx$/mu,
      /^ {2}it stands on the root +intel$/mu,
      /^ {2}one measurement set matches +v1$/mu,
      /^ {2}in set v1, mrtd is +(aa){48}$/mu,
      /^ {2}the TCB status is +UpToDate$/mu,
      /^ {2}exactly these workloads run +hello$/mu,
      /^ {2}workload hello has the image +sha256:(cd){32}$/mu,
      /^ {2}extensions\.1\.3\.6\.1\.4\.1\.65230\.3\.2 \(image digest\) is +(cd){32}$/mu,
      /^ {2}it is at most this old +86400 s$/mu,
    ]) {
      expect(out).toMatch(line);
    }
    expect(out).not.toContain('leaves open');
  });

  it.for<[caution: string, change: object]>([
    ['host can read their memory', { allowDebug: true }],
    ['any software in a genuine TEE', { measurements: undefined }],
    ['whatever the measured image loads', { workloads: undefined }],
    ['is it a simulated platform?', { roots: [`sha256:${'ab'.repeat(32)}`] }],
    ['evidence of another connection', { freshness: undefined }],
    ['not call up to date', { tcb: { accept: ['UpToDate', 'OutOfDate'] } }],
  ])('says what a policy leaves open: %s', async ([caution, change]) => {
    const { exitCode, out } = await proofgate(
      'policy',
      'check',
      policyFile({ ...BASE, ...change }),
    );
    expect(exitCode).toBe(0);
    expect(out.split('and leaves open:')[1]?.trim().split('\n')).toEqual([
      expect.stringContaining(caution),
    ]);
  });

  it('writes every kind of rule', async () => {
    const policy = {
      version: 1,
      tcb: {
        accept: ['UpToDate'],
        minimumEvaluationNumber: 17,
        denyAdvisories: ['INTEL-SA-00615'],
        grace: { OutOfDate: { until: '2026-12-31T00:00:00Z' }, SWHardeningNeeded: 'P90D' },
        minimumSnp: { bootLoader: 3, tee: 0, snp: 8, microcode: 115 },
      },
      tdx: { allowAttributes: ['perfmon'], serviceTds: [A] },
      snp: { allowVmpl: [1, 2] },
      platforms: { fmspc: ['00806f050000'], piid: ['00'.repeat(16)] },
      imageProfile: ['production'],
    };
    const { out } = await proofgate('policy', 'check', policyFile(policy));
    expect(out.split('\n')[0]).toBe('policy unnamed accepts evidence if');
    for (const line of [
      /^ {2}TCB evaluation at least +17$/mu,
      /^ {2}none of these advisories applies +INTEL-SA-00615$/mu,
      /^ {2}TCB status OutOfDate is tolerated +until 2026-12-31T00:00:00\.000Z$/mu,
      /^ {2}TCB status SWHardeningNeeded is tolerated +for 7776000 s$/mu,
      /^ {2}SNP firmware microcode is at least +115$/mu,
      /^ {2}these TD attributes are tolerated +perfmon$/mu,
      /^ {2}these VMPLs above 0 are tolerated +1 or 2$/mu,
      /^ {2}the machine \(PIID\) is +0{32}$/mu,
    ]) {
      expect(out).toMatch(line);
    }
  });

  it.for<[code: string, content: string]>([
    ['ERR_POLICY_EMPTY', '{"version":1}'],
    ['ERR_POLICY_INVALID', '{"version":1,"tea":"tdx"}'],
    ['ERR_POLICY_INVALID', '{"version":1,"tee":"tdx","tee":"sgx"}'],
    ['ERR_POLICY_INVALID', 'tee: tdx'],
  ])('refuses with %s: %s', async ([code, content]) => {
    const outcome = await proofgate('policy', 'check', policyFile(content));
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain(code);
  });

  it('refuses a file that is not there', async () => {
    const outcome = await proofgate('policy', 'check', directory.file('absent.json'));
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_CLI_FILE');
  });
});

describe('policy diff', () => {
  const diff = (left: unknown, right: unknown) =>
    proofgate('policy', 'diff', policyFile(left), policyFile(right));

  it('finds nothing between two ways to write the same', async () => {
    const other = {
      description: 'the same in other words',
      ...BASE,
      name: 'other',
      tee: 'tdx',
      roots: 'intel',
      tcb: { accept: 'UpToDate' },
      allowDebug: false,
      extensions: { '1.3.6.1.4.1.65230.3.2': `hex:${'CD'.repeat(32)}` },
      freshness: { maxAge: 'P1D', mode: 'certificate' },
    };
    expect(await diff(BASE, other)).toEqual({
      exitCode: 0,
      out: 'the two policies accept the same',
      err: '',
    });
  });

  it('does not care about the order of a list', async () => {
    const accept = ['UpToDate', 'SWHardeningNeeded'];
    const left = { ...BASE, tcb: { accept } };
    const right = { ...BASE, tcb: { accept: [...accept].reverse() } };
    expect((await diff(left, right)).exitCode).toBe(0);
  });

  it.for<[change: object, lines: string[]]>([
    [
      { measurements: { v1: { mrtd: B, rtmr0: B } } },
      ['measurements.v1.mrtd', `  - ${A}`, `  + ${B}`],
    ],
    [{ roots: ['intel', 'amd'] }, ['roots', '  - intel', '  + amd or intel']],
    [{ tee: undefined }, ['tee', '  - tdx', '  + not limited']],
    [{ allowDebug: true }, ['allowDebug', '  - false', '  + true']],
    [
      { extensions: undefined },
      [
        'extensions.1.3.6.1.4.1.65230.3.2 (image digest)',
        `  - ${'cd'.repeat(32)}`,
        '  + not limited',
      ],
    ],
    [
      { freshness: { mode: 'session', maxAge: 'PT24H' } },
      ['freshness.mode', '  - certificate', '  + session'],
    ],
    [
      { tcb: { accept: ['UpToDate'], grace: { OutOfDate: 'P30D' } } },
      ['tcb.grace.OutOfDate', '  - not limited', '  + for 2592000 s'],
    ],
  ])('shows what differs: %j', async ([change, lines]) => {
    const { exitCode, out, err } = await diff(BASE, { ...BASE, ...change });
    expect({ exitCode, err }).toEqual({ exitCode: 10, err: '' });
    expect(out.split('\n')).toEqual(lines);
  });

  it('is coloured on a terminal', async () => {
    const args = [policyFile(BASE), policyFile({ ...BASE, tee: 'sgx', measurements: undefined })];
    const { out } = await proofgateWith({ colour: true }, 'policy', 'diff', ...args);
    expect(out).toContain('\u001b[31m  - tdx\u001b[0m');
  });

  it('refuses what is no policy', async () => {
    const outcome = await diff(BASE, { version: 1 });
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_POLICY_EMPTY');
  });
});
