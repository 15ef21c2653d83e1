// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { connect, constants } from 'node:http2';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { payload, requirePrograms } from '@proofgate/bench';
import { runEcho } from '../src/load/websocket-load.ts';
import { startStage, type PeerName, type Stage } from '../src/proxy/stage.ts';

const PEERS: readonly PeerName[] = ['caddy', 'nginx', 'haproxy'];

const isMissing = ((): boolean => {
  try {
    requirePrograms(PEERS, process.env['PATH'] ?? '');
    return false;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return true;
  }
})();

/** What is compared is the same: every contender gives the same answers. */
describe.skipIf(isMissing)('what is measured (skipped without caddy, nginx and haproxy)', () => {
  let directory: string;
  let stage: Stage | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'proofgate-stage-'));
    stage = await startStage({
      directory,
      peers: PEERS,
      programs: new URL('../dist/', import.meta.url),
      targetCpu: undefined,
      loadCpu: undefined,
      onProgress: () => undefined,
    });
  }, 60_000);
  afterAll(async () => {
    await stage?.stop();
    await rm(directory, { recursive: true });
  });

  const port = (name: string): number => {
    const ours = (['web', 'tcp', 'pair'] as const).flatMap((one) => stage?.instance(one) ?? []);
    const found = [...ours, ...(stage?.contenders ?? [])].find(
      (contender) => contender.name === name,
    );
    if (found === undefined) throw new Error(`${name} was not started`);
    return found.port;
  };

  test.each([...PEERS, 'proofgate (web)', 'proofgate (tcp)', 'proofgate (pair)'])(
    '%s serves files with a certificate that has a quote',
    async (name) => {
      for (const [path, bytes] of [
        ['/1k', 1024],
        ['/100k', 102_400],
      ] as const) {
        const answer = await ask(port(name), path);
        expect(answer.status).toBe(200);
        expect(answer.body).toBe(payload(bytes));
        expect(answer.certificateBytes).toBeGreaterThan(4_500);
        expect(answer.tls).toBe('TLSv1.3');
      }
    },
  );

  test.each([...PEERS, 'proofgate (web)'])('%s tunnels WebSocket messages', async (name) => {
    const { operations } = await runEcho({
      ...{ port: port(name), servername: 'ws.localhost', path: '/ws' },
      ...{ connections: 2, bytes: 64, milliseconds: 50 },
    });
    expect(operations).toBeGreaterThanOrEqual(2);
  });

  test.each(PEERS)('%s forwards gRPC with its trailers', async (name) => {
    const session = connect(`https://localhost:${String(port(name))}`, {
      rejectUnauthorized: false,
    });
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/bench.Echo/Unary',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const trailers = new Promise<IncomingHttpHeaders>((resolve) => call.once('trailers', resolve));
    call.end(Buffer.from([0, 0, 0, 0, 0]));
    expect((await buffer(call)).subarray(5).toString()).toBe('hello, world');
    expect(await trailers).toMatchObject({ 'grpc-status': '0' });
    session.close();
  });
});

async function ask(
  port: number,
  path: string,
): Promise<{ status: number; body: string; certificateBytes: number; tls: string | null }> {
  const options = { host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { host: 'localhost' };
    get({ ...options, port, path, headers, agent: false }, resolve).once('error', reject);
  });
  const socket = response.socket as TLSSocket; // of an https request
  const certificateBytes = socket.getPeerCertificate().raw.length;
  const tls = socket.getProtocol();
  const body = (await buffer(response)).toString();
  return { status: response.statusCode ?? 0, body, certificateBytes, tls };
}
