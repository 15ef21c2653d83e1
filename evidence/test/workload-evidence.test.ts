// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  checkWorkloadEvidence,
  encodeWorkloadEvidence,
  fromHex,
  MAX_WORKLOAD_DATA_BYTES,
  parseWorkloadEvidence,
  replayRuntimeEvents,
  toHex,
  utf8,
  workloadReportData,
  type RuntimeEvent,
  type WorkloadEvidence,
  type WorkloadStatement,
} from '@proofgate/evidence';
import { refusal, refusalError } from './refusal.ts';

const digest = (digit: string): string => digit.repeat(64);
const statement: WorkloadStatement = {
  name: 'web',
  imageDigest: digest('c'),
  data: utf8('nonce of the peer'),
};
const load = (name: string, image: string, spec = 'e'): RuntimeEvent => ({
  type: 'proofgate.workload.load',
  name,
  image_ref: `ghcr.io/example/${name}`,
  image_digest: digest(image),
  config_root: digest('d'),
  spec_digest: digest(spec),
});
const unload = (name: string): RuntimeEvent => ({ type: 'proofgate.workload.unload', name });
const log = [load('web', 'c'), load('other', 'a')];

/** The formula once more, written with other tools and from the documentation alone. */
function composed(name: string, imageDigest: string, data: Uint8Array): string {
  const prefixed = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return createHash('sha512')
    .update('proofgate/workload-evidence/v1', 'ascii')
    .update(prefixed(Buffer.from(name)))
    .update(prefixed(Buffer.from(imageDigest, 'hex')))
    .update(prefixed(data))
    .digest('hex');
}

describe('report data of a workload', () => {
  it.each<[string, WorkloadStatement, string]>([
    [
      'text',
      statement,
      '2c498381a1520d727951cb489bbda09e5c86fc005e216bfc10f15f7e1dd80b8ad25c85ccefebef6e8865deb2027e975eb6c8d544e1f43e42bc0e9f2cabd3fe61',
    ],
    [
      'one zero byte',
      { name: 'a', imageDigest: digest('0'), data: new Uint8Array(1) },
      'a00b23b23d54d7a35b61f3a0765b9376ecb64c2222788776e94d82f0319d6e41bcbadc9802fc1f10847d1cdca411261f6ef0d6ba17f3c9b00ccba0dcd28015ce',
    ],
    [
      'as much as there may be',
      {
        name: 'a-name-with-63-characters-which-is-the-longest-that-a-label-has',
        imageDigest: digest('f'),
        data: new Uint8Array(MAX_WORKLOAD_DATA_BYTES).fill(0xa5),
      },
      '1ee03029c99d9e41be0589336b98a30fe8a4c09096c52483db46be91299d9341c90f417e684b1f6faaf3d85249d9d50cf31ed4a2458e6a1c5d4353f19099e26d',
    ],
  ])('over %s', (_, input, expected) => {
    expect(toHex(workloadReportData(input))).toBe(expected);
    expect(composed(input.name, input.imageDigest, input.data)).toBe(expected);
  });

  it('differs wherever one of its parts does, also where they only move', () => {
    const inputs: WorkloadStatement[] = [
      statement,
      { ...statement, name: 'wea' },
      { ...statement, imageDigest: digest('d') },
      { ...statement, data: utf8('nonce of the peeR') },
      { ...statement, data: utf8('nonce of the peer ') },
      { ...statement, name: 'w', data: utf8('eb') },
      { ...statement, name: 'we', data: utf8('b') },
    ];
    expect(new Set(inputs.map((input) => toHex(workloadReportData(input)))).size).toBe(
      inputs.length,
    );
  });

  it.each<[string, Partial<WorkloadStatement>]>([
    ['no name', { name: '' }],
    ['a name that is no label', { name: 'Web' }],
    ['a name of 64 characters', { name: 'a'.repeat(64) }],
    ['a short digest', { imageDigest: digest('c').slice(2) }],
    ['a digest in capitals', { imageDigest: digest('C') }],
    ['no data', { data: new Uint8Array() }],
    ['too much data', { data: new Uint8Array(MAX_WORKLOAD_DATA_BYTES + 1) }],
  ])('is not made of %s', (_, change) => {
    expect(refusal(() => workloadReportData({ ...statement, ...change }))).toBe(
      'ERR_REPORT_DATA_INPUT',
    );
  });
});

describe('evidence of a workload', () => {
  const quoteFor = (made: WorkloadStatement, events: readonly RuntimeEvent[] = log) => ({
    reportData: workloadReportData(made),
    rtmr3: replayRuntimeEvents(events),
  });

  it('proves which workload it is', () => {
    expect(checkWorkloadEvidence(quoteFor(statement), statement, log)).toEqual({
      name: 'web',
      imageRef: 'ghcr.io/example/web',
      imageDigest: digest('c'),
      configRoot: digest('d'),
      specDigest: digest('e'),
    });
  });

  it('is found after other versions of the workload', () => {
    const events = [load('web', 'b'), unload('web'), ...log];
    expect(checkWorkloadEvidence(quoteFor(statement, events), statement, events).imageDigest).toBe(
      digest('c'),
    );
    const both = [load('web', 'b'), ...log];
    expect(checkWorkloadEvidence(quoteFor(statement, both), statement, both).imageDigest).toBe(
      digest('c'),
    );
  });

  it.each<[string, Partial<WorkloadStatement>]>([
    ['other data', { data: utf8('nonce') }],
    ['another workload', { name: 'other' }],
    ['another image', { imageDigest: digest('a') }],
  ])('is refused for %s', (_, change) => {
    const quote = quoteFor(statement);
    const error = refusalError(() =>
      checkWorkloadEvidence(quote, { ...statement, ...change }, log),
    );
    expect(error?.code).toBe('ERR_WORKLOAD_EVIDENCE');
    expect(error?.seen).toBe(toHex(quote.reportData));
  });

  it.each<[string, readonly RuntimeEvent[]]>([
    ['nothing', []],
    ['another workload alone', [load('other', 'c')]],
    ['another image alone', [load('web', 'b')]],
    ['the workload and its end', [...log, unload('web')]],
    ['two workloads of one name and image', [...log, load('web', 'c', 'f')]],
  ])('is refused when the log shows %s', (_, events) => {
    const quote = quoteFor(statement, events);
    expect(refusalError(() => checkWorkloadEvidence(quote, statement, events))).toMatchObject({
      code: 'ERR_WORKLOAD_EVIDENCE',
      message: 'the event log does not show which workload web this is',
    });
  });

  it('is refused beside a log that the TD has not measured', () => {
    const quote = quoteFor(statement, [load('other', 'a'), load('web', 'c')]);
    expect(refusalError(() => checkWorkloadEvidence(quote, statement, log))).toMatchObject({
      code: 'ERR_WORKLOAD_EVIDENCE',
      expected: toHex(quote.rtmr3),
    });
  });
});

describe('the document', () => {
  const evidence: WorkloadEvidence = {
    version: 1,
    tee: 'tdx',
    simulated: true,
    workload: { name: 'web', imageDigest: digest('c') },
    data: utf8('nonce'),
    quote: fromHex('040002'),
    eventLog: log,
  };
  const written = (): Record<string, unknown> =>
    JSON.parse(JSON.stringify(encodeWorkloadEvidence(evidence))) as Record<string, unknown>;

  it('reads as it was written', () => {
    expect(parseWorkloadEvidence(written())).toEqual(evidence);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another version', { version: 2 }, 'ERR_DOCUMENT_INVALID'],
    ['a TEE without a log', { tee: 'sev-snp' }, 'ERR_DOCUMENT_INVALID'],
    ['an unknown member', { more: 1 }, 'ERR_DOCUMENT_INVALID'],
    ['no workload', { workload: undefined }, 'ERR_DOCUMENT_INVALID'],
    [
      'a workload that says more',
      { workload: { name: 'a', imageDigest: digest('c'), x: 1 } },
      'ERR_DOCUMENT_INVALID',
    ],
    [
      'a digest in capitals',
      { workload: { name: 'a', imageDigest: digest('C') } },
      'ERR_DOCUMENT_INVALID',
    ],
    ['no data', { data: '' }, 'ERR_DOCUMENT_INVALID'],
    ['a quote that is not base64', { quote: '*' }, 'ERR_DOCUMENT_INVALID'],
    ['an unknown event', { eventLog: [{ type: 'x' }] }, 'ERR_RUNTIME_EVENT'],
    ['broken collateral', { collateral: {} }, 'ERR_COLLATERAL_INVALID'],
  ])('with %s is refused', (_, change, code) => {
    expect(refusal(() => parseWorkloadEvidence({ ...written(), ...change }))).toBe(code);
  });
});
