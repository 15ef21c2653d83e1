// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, servePlatform, type RunningService } from '@proofgate/simulator';
import { existsSync } from 'node:fs';
import { link, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const REPORT_DATA = 'ab'.repeat(64);
const DIGEST = 'cd'.repeat(48);

const platform = createSimulatedPlatform({ at: new Date('2026-01-15T12:00:00Z') });
let directory: string;
let socketPath: string;
let service: RunningService | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'simulator-'));
  socketPath = join(directory, 'simulator.sock');
  service = await servePlatform({ platform, socketPath });
});
afterEach(async () => {
  await service?.close();
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode!, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('the socket of a simulated platform', () => {
  it('belongs to its owner alone and goes away with the service', async () => {
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    await service?.close();
    service = undefined;
    expect(existsSync(socketPath)).toBe(false);
  });

  it('quotes', async () => {
    const { status, text } = await ask('POST', '/v1/quote', `{"reportData":"${REPORT_DATA}"}`);
    expect(status).toBe(200);
    const { quote } = JSON.parse(text) as { quote: string };
    expect(Buffer.from(quote, 'base64').subarray(568, 632).toString('hex')).toBe(REPORT_DATA);
  });

  it('extends and shows registers', async () => {
    const before = JSON.parse((await ask('GET', '/v1/measurements')).text) as { rtmr: string[] };
    const extension = await ask('POST', '/v1/rtmr', `{"index":2,"digest":"${DIGEST}"}`);
    expect(extension).toEqual({ status: 204, text: '' });
    const after = JSON.parse((await ask('GET', '/v1/measurements')).text) as { rtmr: string[] };
    expect(after).toEqual({
      mrtd: toHex(platform.measurements().mrtd),
      rtmr: platform.measurements().rtmr.map(toHex),
      rootSha256: platform.rootSha256,
    });
    expect(after.rtmr[2]).not.toBe(before.rtmr[2]);
    expect(after.rtmr[3]).toBe(before.rtmr[3]);
  });

  it('hands out collateral', async () => {
    const { text } = await ask('GET', '/v1/collateral');
    expect(JSON.parse(text)).toEqual(platform.collateral());
  });

  it.each([
    ['POST', '/v1/quote', '{"reportData":"abcd"}', 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', `{"reportData":"${'zz'.repeat(64)}"}`, 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', `{"reportData":"${REPORT_DATA}","x":1}`, 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', '{}', 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', '[]', 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', 'null', 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', '', 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote?x=1', `{"reportData":"${REPORT_DATA}"}`, 400, 'ERR_SIMULATOR_REQUEST'],
    ['POST', '/v1/quote', ' '.repeat(4097), 413, 'ERR_SIMULATOR_TOO_LARGE'],
    ['POST', '/v1/rtmr', `{"index":1,"digest":"${DIGEST}"}`, 400, 'ERR_SIMULATOR_REGISTER'],
    ['POST', '/v1/rtmr', `{"index":"3","digest":"${DIGEST}"}`, 400, 'ERR_SIMULATOR_REGISTER'],
    ['POST', '/v1/rtmr', '{"index":3,"digest":"00"}', 400, 'ERR_SIMULATOR_REQUEST'],
    ['GET', '/v1/quote', undefined, 405, 'ERR_SIMULATOR_METHOD'],
    ['GET', '/v1/constructor', undefined, 404, 'ERR_SIMULATOR_NOT_FOUND'],
    ['GET', '/v1/nothing', undefined, 404, 'ERR_SIMULATOR_NOT_FOUND'],
  ])('refuses %s %s %s', async (method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.any(String) as string, code });
  });

  it('hides unexpected failures and logs them', async () => {
    await service?.close();
    const logged: unknown[] = [];
    service = await servePlatform({
      platform: { ...platform, quote: () => Promise.reject(new Error('secret')) },
      socketPath,
      logger: { error: (fields) => logged.push(fields) },
    });
    const answer = await ask('POST', '/v1/quote', `{"reportData":"${REPORT_DATA}"}`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(logged).toHaveLength(1);
  });
});

describe('a socket path', () => {
  it('that answers is left to its owner', async () => {
    await expect(servePlatform({ platform, socketPath })).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_SOCKET_IN_USE',
    });
    expect((await ask('GET', '/v1/measurements')).status).toBe(200);
  });

  it('that a dead process left is taken over', async () => {
    const stale = join(directory, 'stale.sock');
    await leaveSocketBehind(stale);
    const other = await servePlatform({ platform, socketPath: stale });
    await other.close();
  });

  it('that is another kind of file is left alone', async () => {
    const file = join(directory, 'file');
    await writeFile(file, 'precious');
    await expect(servePlatform({ platform, socketPath: file })).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_LISTEN',
    });
    expect(existsSync(file)).toBe(true);
  });

  it('that is too long or has no directory is refused', async () => {
    await expect(
      servePlatform({ platform, socketPath: join(directory, 'x'.repeat(108)) }),
    ).rejects.toMatchObject({ code: 'ERR_SIMULATOR_SOCKET_PATH' });
    await expect(
      servePlatform({ platform, socketPath: join(directory, 'none', 's') }),
    ).rejects.toMatchObject({ code: 'ERR_SIMULATOR_LISTEN' });
  });
});

/** What a killed process leaves: a socket file that nobody listens on. */
async function leaveSocketBehind(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  await link(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
}
