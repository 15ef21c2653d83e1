// SPDX-License-Identifier: Apache-2.0
import { openPlatform, SIMULATOR_SOCKET } from '@proofgate/attester';
import { asReportData, extendRegister, parseQuote, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, servePlatform, type RunningService } from '@proofgate/simulator';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeConfigfs, type Misbehaviour } from './fake-configfs.ts';

const REPORT_DATA = asReportData(new Uint8Array(64).fill(3));
const simulator = createSimulatedPlatform();

let runDir: string;
beforeEach(async () => {
  runDir = await mkdtemp(join(tmpdir(), 'attester-'));
});
afterEach(() => rm(runDir, { recursive: true, force: true }));

function kernel(misbehaviour: Misbehaviour): FakeConfigfs {
  return new FakeConfigfs((inblob) => simulator.quote(inblob), misbehaviour);
}

describe('hardware', () => {
  it.each([
    ['auto', 'tdx_guest', 'tdx'],
    ['auto', 'sev_guest', 'sev-snp'],
    ['tdx', 'tdx_guest', 'tdx'],
    ['sev-snp', 'sev_guest', 'sev-snp'],
  ] as const)('%s on a %s opens %s', async (tee, provider, opened) => {
    const reports = kernel({ provider });
    const platform = await openPlatform({ tee, runDir, reports });
    expect([platform.tee, platform.quotes.tee]).toEqual([opened, opened]);
    expect([platform.simulated, platform.quotes.simulated]).toEqual([false, false]);
    expect(platform.rtmr3 !== undefined).toBe(opened === 'tdx');
    expect(await platform.collateral()).toBeUndefined();
    expect(reports.present.size).toBe(0);
  });

  it('makes quotes', async () => {
    const platform = await openPlatform({ tee: 'auto', runDir, reports: kernel({}) });
    const quote = await platform.quotes.quote(REPORT_DATA);
    expect(toHex(parseQuote(quote).body.reportData)).toBe(toHex(REPORT_DATA));
  });

  it.each([
    ['auto', 'arm_cca_guest'],
    ['tdx', 'sev_guest'],
    ['sev-snp', 'tdx_guest'],
  ] as const)('%s refuses a %s', async (tee, provider) => {
    const opening = openPlatform({ tee, runDir, reports: kernel({ provider }) });
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_ATTESTER_WRONG_PROVIDER',
      seen: provider,
    });
  });

  it.each(['auto', 'tdx', 'sev-snp'] as const)(
    '%s never falls back to a simulated platform, even when one runs',
    async (tee) => {
      const socketPath = join(runDir, SIMULATOR_SOCKET);
      const service = await servePlatform({ platform: simulator, socketPath });
      try {
        for (const errno of ['ENOENT', 'ENXIO']) {
          const opening = openPlatform({ tee, runDir, reports: kernel({ create: [errno] }) });
          await expect(opening).rejects.toMatchObject({
            code: 'ERR_ATTESTER_NO_TEE',
            hint: expect.stringContaining('tee: simulated') as string,
          });
        }
      } finally {
        await service.close();
      }
    },
  );

  it('does not mistake a refusal for the absence of a TEE', async () => {
    const opening = openPlatform({ tee: 'auto', runDir, reports: kernel({ create: ['EACCES'] }) });
    await expect(opening).rejects.toMatchObject({ code: 'ERR_ATTESTER_PERMISSION' });
  });
});

describe('a simulated platform', () => {
  let service: RunningService;
  beforeEach(async () => {
    const socketPath = join(runDir, SIMULATOR_SOCKET);
    service = await servePlatform({ platform: simulator, socketPath });
  });
  afterEach(() => service.close());

  it('makes quotes over its socket and says what it is', async () => {
    const platform = await openPlatform({ tee: 'simulated', runDir });
    expect([platform.tee, platform.simulated]).toEqual(['tdx', true]);
    expect([platform.quotes.tee, platform.quotes.simulated]).toEqual(['tdx', true]);
    const quote = await platform.quotes.quote(REPORT_DATA);
    expect(toHex(parseQuote(quote).body.reportData)).toBe(toHex(REPORT_DATA));
    expect(await platform.eventLog()).toBeUndefined();
  });

  it('extends RTMR3 over its socket, visible in the next quote', async () => {
    const { rtmr3, quotes } = await openPlatform({ tee: 'simulated', runDir });
    const digest = new Uint8Array(48).fill(4);
    const expected = toHex(extendRegister(await rtmr3!.read(), digest));
    await rtmr3!.extend(digest);
    expect(toHex(await rtmr3!.read())).toBe(expected);
    const quote = parseQuote(await quotes.quote(REPORT_DATA));
    expect(quote.kind === 'tdx' && toHex(quote.body.rtmr[3])).toBe(expected);
    await expect(rtmr3!.extend(new Uint8Array(32))).rejects.toMatchObject({
      code: 'ERR_ATTESTER_DIGEST_LENGTH',
    });
  });

  it('supplies its collateral', async () => {
    const platform = await openPlatform({ tee: 'simulated', runDir });
    expect(await platform.collateral()).toEqual(simulator.collateral());
  });

  it('can be opened before it runs, and is unreachable until then', async () => {
    await service.close();
    const platform = await openPlatform({ tee: 'simulated', runDir });
    const unreachable = { code: 'ERR_ATTESTER_SIMULATOR_UNREACHABLE', family: 'unavailable' };
    await expect(platform.quotes.quote(REPORT_DATA)).rejects.toMatchObject(unreachable);
    await expect(platform.rtmr3!.read()).rejects.toMatchObject(unreachable);
    service = await servePlatform({
      platform: simulator,
      socketPath: join(runDir, SIMULATOR_SOCKET),
    });
    await expect(platform.quotes.quote(REPORT_DATA)).resolves.toBeInstanceOf(Uint8Array);
  });
});

describe('a simulated platform that does not keep to the protocol', () => {
  let server: Server;
  let answer: { status: number; body: string };
  beforeEach(async () => {
    server = createServer((_, outgoing) => {
      outgoing.writeHead(answer.status);
      outgoing.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(join(runDir, SIMULATOR_SOCKET), resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['no JSON', 200, 'quote'],
    ['no object', 200, '[]'],
    ['no quote', 200, '{}'],
    ['a quote that is a number', 200, '{"quote":1}'],
    ['a quote that is not base64', 200, '{"quote":"?"}'],
    ['a refusal without a code', 400, '{"error":"no"}'],
  ])('is refused with %s', async (_, status, body) => {
    answer = { status, body };
    const { quotes } = await openPlatform({ tee: 'simulated', runDir });
    await expect(quotes.quote(REPORT_DATA)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_SIMULATOR_ANSWER',
    });
  });

  it('is refused with more than 1 MiB', async () => {
    const { quotes } = await openPlatform({ tee: 'simulated', runDir });
    const quote = Buffer.from(await simulator.quote(REPORT_DATA)).toString('base64');
    const body = JSON.stringify({ quote });
    answer = { status: 200, body: body.padStart(1024 * 1024) };
    await expect(quotes.quote(REPORT_DATA)).resolves.toBeInstanceOf(Uint8Array);
    answer = { status: 200, body: body.padStart(1024 * 1024 + 1) };
    await expect(quotes.quote(REPORT_DATA)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_SIMULATOR_ANSWER',
    });
  });

  it('is refused with a quote over other report data', async () => {
    const quote = await simulator.quote(new Uint8Array(64));
    answer = {
      status: 200,
      body: JSON.stringify({ quote: Buffer.from(quote).toString('base64') }),
    };
    const { quotes } = await openPlatform({ tee: 'simulated', runDir });
    await expect(quotes.quote(REPORT_DATA)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_REPORT_DATA_MISMATCH',
    });
  });

  it('is refused with registers or collateral of another form', async () => {
    const { rtmr3, collateral } = await openPlatform({ tee: 'simulated', runDir });
    const refusal = { code: 'ERR_ATTESTER_SIMULATOR_ANSWER' };
    for (const rtmr of [undefined, [], ['', '', '', 'ab'], ['', '', '', 'zz'.repeat(48)]]) {
      answer = { status: 200, body: JSON.stringify({ rtmr }) };
      await expect(rtmr3!.read()).rejects.toMatchObject(refusal);
      await expect(collateral()).rejects.toMatchObject(refusal);
    }
  });

  it('is refused when it answers an extension with anything but silence', async () => {
    const { rtmr3 } = await openPlatform({ tee: 'simulated', runDir });
    answer = { status: 200, body: '{}' };
    await expect(rtmr3!.extend(new Uint8Array(48))).rejects.toMatchObject({
      code: 'ERR_ATTESTER_SIMULATOR_ANSWER',
    });
    answer = { status: 204, body: '' };
    await expect(rtmr3!.extend(new Uint8Array(48))).resolves.toBeUndefined();
  });

  it('passes its refusal on', async () => {
    answer = { status: 400, body: '{"error":"not today","code":"ERR_SIMULATOR_REQUEST"}' };
    const { quotes } = await openPlatform({ tee: 'simulated', runDir });
    await expect(quotes.quote(REPORT_DATA)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_SIMULATOR_REFUSED',
      seen: 'ERR_SIMULATOR_REQUEST: not today',
    });
  });
});

describe('a simulated platform that does not answer', () => {
  it('is given up at the deadline of the queue', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(join(runDir, SIMULATOR_SOCKET), resolve));
    const queue = { maxWaiting: 1, deadlineMs: 20 };
    const { quotes } = await openPlatform({ tee: 'simulated', runDir, queue });
    await expect(quotes.quote(REPORT_DATA)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_DEADLINE',
    });
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
});
