// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseQuote, toHex } from '@proofgate/evidence';
import { proofgate, proofgateOk, type Outcome } from './support/proofgate.ts';
import {
  describeWithRealEvidence,
  readRealEvidence,
  realEvidence,
} from './support/real-evidence.ts';
import { testWithStack } from './support/stack-test.ts';
import { report } from './support/verify-report.ts';

const it = testWithStack();

describeWithRealEvidence('evidence of real machines', () => {
  const QUOTE = 'tdx/v4-phala-b0c06f.bin';
  const BUNDLE = 'collateral/tdx-b0c06f000000-202506.json';
  /** A moment at which the bundle was valid. */
  const THEN = '1751624191';

  it('is accepted at the time of its collateral, and refused a year later', async () => {
    const args = [realEvidence(QUOTE), '--collateral', realEvidence(BUNDLE), '--json'];
    const then = await proofgate('verify', ...args, '--at', THEN);
    expect(then).toMatchObject({ exitCode: 0, stderr: '' });
    expect(report(then)).toMatchObject({
      verdict: 'accepted',
      policy: 'none',
      trustAnchor: 'intel',
      binding: 'none',
      tcb: { status: 'UpToDate' },
    });
    const later = await proofgate('verify', ...args, '--at', '2026-07-04T10:16:31Z');
    expect(later.exitCode).toBe(10);
    expect(report(later).code).toMatch(/_EXPIRED$/);
  });

  it('is found in a directory of bundles', async () => {
    const args = ['--collateral', realEvidence('collateral'), '--at', THEN];
    expect(await proofgate('verify', realEvidence(QUOTE), ...args)).toMatchObject({ exitCode: 0 });
  });

  it('is refused by a policy when it is a TD under debug', async ({ stack }) => {
    const policy = join(stack.files.path, 'tdx-policy.json');
    await writeFile(policy, '{"version":1,"name":"any TD","tee":["tdx"],"roots":["intel"]}');
    const verify = (quote: string, bundle: string, at: string): Promise<Outcome> =>
      proofgate(
        ...['verify', realEvidence(quote), '--collateral', realEvidence(bundle), '--at', at],
        ...['--policy', policy, '--json'],
      );
    expect(await verify(QUOTE, BUNDLE, THEN)).toMatchObject({ exitCode: 0 });
    const bundle = 'collateral/tdx-50806f000000-202306.json';
    const debug = await verify('tdx/v4-debug-td-50806f.bin', bundle, '1687939438');
    expect(debug.exitCode).toBe(11);
    expect(report(debug).code).toBe('ERR_POLICY_DEBUG');
  });

  it('is refused when a byte of the quote differs', async ({ stack }) => {
    const quote = readRealEvidence(QUOTE);
    // RTMR0: Intel TDX DCAP quote v4, section 2.3.
    quote.writeUInt8(quote.readUInt8(376) ^ 1, 376);
    const file = join(stack.files.path, 'changed-quote.bin');
    await writeFile(file, quote);
    const args = ['--collateral', realEvidence(BUNDLE), '--at', THEN, '--json'];
    const outcome = await proofgate('verify', file, ...args);
    expect(outcome.exitCode).toBe(10);
    expect(report(outcome).code).toBe('ERR_DCAP_QUOTE_SIGNATURE');
  });

  it('is refused when an SNP report comes without its chain', async () => {
    const report = await proofgate('verify', realEvidence('snp/gosev-milan-report.bin'));
    expect(report.exitCode).toBe(10);
    expect(report.stdout).toContain('ERR_SNP_ENDORSEMENTS_MISSING');
  });

  it.for([
    [QUOTE, '91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407'],
    ['snp/gosev-milan-report.bin', 'b07af9620f3b839b47996422ddec6058338951d984e31211'],
    ['ccel/ccel_data.dat', 'rtmr0'],
  ])('is shown without judging it: %s', async ([file, content]) => {
    const { exitCode, stdout } = await proofgate('inspect', realEvidence(file!));
    expect(exitCode).toBe(0);
    expect(stdout).toContain(content);
    expect(stdout).not.toMatch(/verified|accepted/i);
  });

  it('replays a firmware event log to the registers of its quote', async () => {
    const log = await proofgateOk('inspect', realEvidence('ccel/ccel_data.dat'), '--json');
    const { registers } = (JSON.parse(log) as { 'event log': { registers: unknown } })['event log'];
    const quote = parseQuote(await readFile(realEvidence('tdx/v4-gcp-cos113-00806f05.bin')));
    const [rtmr0, rtmr1, rtmr2] = quote.kind === 'tdx' ? quote.body.rtmr.map(toHex) : [];
    expect(registers).toMatchObject({ rtmr0, rtmr1, rtmr2 });
  });
});
