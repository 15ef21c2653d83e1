// SPDX-License-Identifier: Apache-2.0
import { tdxQuoteProvider, type QuoteProvider } from '@proofgate/attester';
import { asReportData, concatBytes, parseQuote, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeConfigfs, type MakeReport, type Misbehaviour } from './fake-configfs.ts';

const REPORT_DATA = asReportData(Uint8Array.from({ length: 64 }, (_, index) => index));
const platform = createSimulatedPlatform();
const makeQuote: MakeReport = (inblob) => platform.quote(inblob);

let waits: number[];
beforeEach(() => {
  waits = [];
});

/** A provider whose waits take no time but are written down. */
function provider(reports: FakeConfigfs): QuoteProvider {
  return tdxQuoteProvider({
    reports,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
}

function healthy(misbehaviour: Misbehaviour = {}): FakeConfigfs {
  return new FakeConfigfs(makeQuote, misbehaviour);
}

async function expectRefusal(reports: FakeConfigfs, refusal: object): Promise<void> {
  await expect(provider(reports).quote(REPORT_DATA)).rejects.toMatchObject(refusal);
  expect(reports.present.size).toBe(0);
}

async function expectQuote(reports: FakeConfigfs): Promise<void> {
  const quote = await provider(reports).quote(REPORT_DATA);
  expect(toHex(parseQuote(quote).body.reportData)).toBe(toHex(REPORT_DATA));
  expect(reports.present.size).toBe(0);
}

describe('TDX quotes over configfs-tsm', () => {
  it('come from a fresh directory that is removed afterwards', async () => {
    const reports = healthy();
    const quotes = provider(reports);
    expect([quotes.tee, quotes.simulated]).toEqual(['tdx', false]);
    await quotes.quote(REPORT_DATA);
    await quotes.quote(REPORT_DATA);
    expect(reports.names).toHaveLength(2);
    expect(new Set(reports.names).size).toBe(2);
    expect(reports.names[0]).toMatch(new RegExp(`^proofgate-${process.pid}-[0-9a-f]{16}$`));
    expect(reports.present.size).toBe(0);
    expect(waits).toEqual([]);
  });

  it.each(['EBUSY', 'EWOULDBLOCK', 'EAGAIN', 'EINTR'])(
    'are tried again in a new directory after %s',
    async (errno) => {
      const reports = healthy({ outblob: [errno, errno, errno] });
      await expectQuote(reports);
      expect(new Set(reports.names).size).toBe(4);
      expect(waits).toEqual([100, 200, 400]);
    },
  );

  it('are given up when the kernel stays busy', async () => {
    const reports = healthy({ outblob: new Array<string>(1000).fill('EBUSY') });
    await expectRefusal(reports, { code: 'ERR_ATTESTER_BUSY', family: 'unavailable' });
    expect(reports.names).toHaveLength(12);
    expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000, 2000, 2000, 2000]);
  });

  it('are tried again when making the directory is refused for the moment', async () => {
    await expectQuote(healthy({ create: ['EBUSY'] }));
    expect(waits).toEqual([100]);
  });

  it('are discarded when somebody else wrote to the directory', async () => {
    const reports = healthy({ foreignWrite: [true, true] });
    await expectQuote(reports);
    expect(reports.names).toHaveLength(3);
  });

  it('are given up when somebody else always writes', async () => {
    await expectRefusal(healthy({ foreignWrite: new Array<boolean>(1000).fill(true) }), {
      code: 'ERR_ATTESTER_GENERATION',
      expected: '1',
      seen: '2',
    });
  });

  it('are tried again when the kernel dropped the input at close without a word', async () => {
    const reports = healthy({ dropCommit: [true] });
    await expectQuote(reports);
    expect(reports.names).toHaveLength(2);
  });

  it('are given up when the kernel always drops the input', async () => {
    await expectRefusal(healthy({ dropCommit: new Array<boolean>(1000).fill(true) }), {
      code: 'ERR_ATTESTER_GENERATION',
      expected: '1',
      seen: '0',
    });
  });

  it('are refused when empty', async () => {
    const reports = new FakeConfigfs(() => Promise.resolve(new Uint8Array()));
    await expectRefusal(reports, {
      code: 'ERR_ATTESTER_QUOTE_EMPTY',
      hint: expect.stringContaining('quote generation service') as string,
    });
  });

  it('lose the padding of the kernel', async () => {
    const [plain, padded] = [healthy(), new FakeConfigfs(padTo8000)];
    const [one, other] = [
      await provider(plain).quote(REPORT_DATA),
      await provider(padded).quote(REPORT_DATA),
    ];
    expect((await padTo8000(REPORT_DATA)).length).toBe(8000);
    expect(other.length).toBe(one.length);
    expect(parseQuote(other).trailingBytes).toBe(0);
  });

  it('are refused when they cover other report data', async () => {
    const other = new Uint8Array(64).fill(9);
    await expectRefusal(new FakeConfigfs(() => platform.quote(other)), {
      code: 'ERR_ATTESTER_REPORT_DATA_MISMATCH',
      expected: toHex(REPORT_DATA),
      seen: toHex(other),
    });
  });

  it.each<[string, MakeReport]>([
    ['garbage', () => Promise.resolve(new Uint8Array(5000).fill(0xff))],
    ['another format', () => Promise.resolve(Uint8Array.of(0xd2, 0x84, 0x43))],
    ['a truncated quote', async (inblob) => (await platform.quote(inblob)).slice(0, -1)],
    ['an SGX quote', (inblob) => createSimulatedPlatform({ quoteVersion: 3 }).quote(inblob)],
  ])('are refused when they are %s', async (_, make) => {
    await expectRefusal(new FakeConfigfs(make), { code: 'ERR_ATTESTER_QUOTE_INVALID' });
  });

  it('take quotes of version 5', async () => {
    const modern = createSimulatedPlatform({ quoteVersion: 5 });
    await expectQuote(new FakeConfigfs((inblob) => modern.quote(inblob)));
  });

  it('come from a TDX guest alone', async () => {
    await expectRefusal(healthy({ provider: 'sev_guest' }), {
      code: 'ERR_ATTESTER_WRONG_PROVIDER',
      expected: 'tdx_guest',
      seen: 'sev_guest',
    });
  });

  it.each([
    ['ETIMEDOUT', 'ERR_ATTESTER_QUOTE_TIMEOUT', 'unavailable'],
    ['EIO', 'ERR_ATTESTER_QUOTE_FAILED', 'unavailable'],
    ['EINVAL', 'ERR_ATTESTER_INPUT_REFUSED', 'misuse'],
    ['ENXIO', 'ERR_ATTESTER_NO_TEE', 'misuse'],
    ['ENOMEM', 'ERR_ATTESTER_QUOTE_FAILED', 'unavailable'],
  ])('explain %s of a read as %s', async (errno, code, family) => {
    const reports = healthy({ outblob: [errno] });
    await expectRefusal(reports, { code, family, seen: errno });
    expect(reports.names).toHaveLength(1);
  });

  it.each([
    ['ENOENT', 'ERR_ATTESTER_NO_TEE'],
    ['ENXIO', 'ERR_ATTESTER_NO_TEE'],
    ['EACCES', 'ERR_ATTESTER_PERMISSION'],
    ['EPERM', 'ERR_ATTESTER_PERMISSION'],
  ])('explain %s of a new directory as %s', async (errno, code) => {
    await expectRefusal(healthy({ create: [errno] }), {
      code,
      hint: expect.any(String) as string,
      cause: expect.objectContaining({ code: errno }) as Error,
    });
  });

  it('are made one at a time', async () => {
    let [running, most] = [0, 0];
    const reports = new FakeConfigfs(async (inblob) => {
      running += 1;
      most = Math.max(most, running);
      const quote = await platform.quote(inblob);
      running -= 1;
      return quote;
    });
    const quotes = provider(reports);
    await Promise.all(Array.from({ length: 10 }, () => quotes.quote(REPORT_DATA)));
    expect([most, reports.names.length]).toEqual([1, 10]);
  });

  it('cover the report data as it was at the call', async () => {
    const reportData = asReportData(REPORT_DATA);
    const pending = provider(healthy()).quote(reportData);
    reportData.fill(0);
    expect(toHex(parseQuote(await pending).body.reportData)).toBe(toHex(REPORT_DATA));
  });

  it('stop between two tries when the caller gives up', async () => {
    const caller = new AbortController();
    const reports = healthy({ outblob: new Array<string>(1000).fill('EBUSY') });
    const quotes = tdxQuoteProvider({
      reports,
      sleep: (_, signal) => {
        caller.abort();
        return signal.aborted ? Promise.reject(new Error('stopped')) : Promise.resolve();
      },
    });
    await expect(quotes.quote(REPORT_DATA, caller.signal)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_ABORTED',
    });
    expect(reports.names).toHaveLength(1);
    expect(reports.present.size).toBe(0);
  });
});

async function padTo8000(inblob: Uint8Array): Promise<Uint8Array> {
  const quote = await platform.quote(inblob);
  return concatBytes(quote, new Uint8Array(8000 - quote.length));
}
