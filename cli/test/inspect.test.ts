// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proofgate, proofgateOk } from './support/command.ts';
import { testDirectory } from './support/directory.ts';
import {
  describeWithRealEvidence,
  readRealEvidence,
  realEvidence,
} from './support/real-evidence.ts';
import { startSimulatedHost, type SimulatedHost } from './support/simulated-host.ts';

const directory = testDirectory();
/** Inspection judges nothing and must not sound as if it did. */
const JUDGEMENT = /verified|accepted|valid\b(?! {2})|trusted|genuine/i;

describeWithRealEvidence('evidence of real machines', () => {
  it.for([
    ['tdx/v4-phala-b0c06f.bin', '91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407'],
    ['tdx/v4-gcp-cos113-00806f05.bin', 'platform.fmspc'],
    ['tdx/v4-debug-td-50806f.bin', 'attributes.debug'],
    ['tdx/v5-google-90c06f.bin', '90c06f000000'],
    ['sgx/v3-phala-00a067.bin', 'body.mrEnclave'],
    ['snp/gosev-milan-report.bin', 'b07af9620f3b839b47996422ddec6058338951d984e31211'],
    ['snp/trustee-vcek-leaf.pem', 'SEV-VCEK'],
    ['ccel/ccel_data.dat', 'registers.rtmr0'],
  ])('is shown and not judged: %s', async ([file, content]) => {
    const text = await proofgateOk('inspect', realEvidence(file!));
    expect(text).toContain(content);
    expect(text).toContain('nothing here has been checked');
    expect(text.replaceAll(/^ *valid +/gmu, '')).not.toMatch(JUDGEMENT);
    const json = await proofgateOk('inspect', realEvidence(file!), '--json');
    expect(Object.keys(JSON.parse(json) as object).length).toBeGreaterThan(0);
    expect(json).not.toMatch(/verified|accepted/i);
  });

  it('is refused as an argument when it is cut off', async () => {
    const quote = readRealEvidence('tdx/v4-phala-b0c06f.bin').subarray(0, 1000);
    const outcome = await proofgate('inspect', directory.write('cut.bin', quote));
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_QUOTE_');
  });
});

describe('a host', () => {
  let host: SimulatedHost;
  beforeAll(async () => {
    host = await startSimulatedHost({ dataKeyOrigin: 'evil\u001b[2J\u202eprofile' });
  });
  afterAll(() => host.close());

  it('is shown with its chain, its quote and its document', async () => {
    const { exitCode, out, err } = await proofgate('inspect', `https://${host.address}/`);
    expect(exitCode).toBe(0);
    expect(err).toContain(`connecting to ${host.address}`);
    for (const part of ['certificate 0', 'certificate 1', 'body.rtmr.3', 'eventLog.1.name']) {
      expect(out).toContain(part);
    }
    expect(out).not.toMatch(/verified|accepted/i);
  });

  it('can be looked at from a file of its document', async () => {
    const file = directory.write('document.json', host.document);
    const text = await proofgateOk('inspect', file);
    expect(text).toMatch(/^ {2}eventLog\.1\.name +hello$/mu);
    expect(text).toMatch(/^ {2}manifests +none$/mu);
  });

  it('cannot write to the terminal', async () => {
    const text = await proofgateOk('inspect', host.address);
    expect(text).toContain('evil\\u{1b}[2J\\u{202e}profile');
    const json = await proofgateOk('inspect', host.address, '--json');
    expect(json).toContain('evil\\u001b[2J\\u202eprofile');
    const unsafe = /(?!\n)[\p{Cc}\p{Cf}]/u;
    expect(text).not.toMatch(unsafe);
    expect(json).not.toMatch(unsafe);
  });

  it('prints nothing but JSON with --json', async () => {
    const { err, out } = await proofgate('inspect', host.address, '--json');
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      'certificate 0': { names: ['localhost'], evidence: 'tdx' },
      quote: { kind: 'tdx', version: 4 },
      document: { simulated: true, collateral: false },
    });
  });

  it.for([
    ['ERR_CONNECT_DOCUMENT', 404, 'nothing'],
    ['ERR_DOCUMENT_INVALID', 200, '{"version":1}'],
  ] as const)('is shown in spite of %s', async ([code, status, body]) => {
    const odd = await startSimulatedHost({ answer: () => ({ status, body }) });
    try {
      const json = JSON.parse(await proofgateOk('inspect', odd.address, '--json')) as object;
      expect(json).toMatchObject({ quote: { kind: 'tdx' }, document: { code } });
    } finally {
      await odd.close();
    }
  });

  it('that is not there is unavailable', async () => {
    const gone = await startSimulatedHost();
    await gone.close();
    const outcome = await proofgate('inspect', gone.address);
    expect(outcome).toMatchObject({ exitCode: 20, out: '' });
    expect(outcome.err).toContain('ERR_CONNECT_UNAVAILABLE');
  });
});
