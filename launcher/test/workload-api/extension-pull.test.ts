// SPDX-License-Identifier: Apache-2.0
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { OID } from '@proofgate/evidence';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_PULL_BYTES } from '../../src/workload-api/extension-pull.ts';
import { item, published, push } from './extension-items.ts';
import { container, runOf, socketStage } from './stage.ts';

const WITHIN = { timeoutMs: 5_000 };

describe('what a workload is asked for', () => {
  /** A workload that answers as it is told, and what it was asked. */
  async function answering(answer: (response: ServerResponse) => void): Promise<{
    port: number;
    asked: string[];
  }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port: (server.address() as AddressInfo).port, asked };
  }
  const PATH = '/.well-known/attestation-extensions';
  const measured = container({
    extensions_path: PATH,
    health_check: { tcp: '127.0.0.1:8000', interval_seconds: 0.1 },
  });

  test('is published, beside what it pushes, which wins', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0, minPullMs: 10 });
    const { port, asked } = await answering((response) =>
      response.end(JSON.stringify([item('5', 'pulled'), item('6', 'pulled')])),
    );
    const directory = await sockets.give(measured);
    await push(directory, [item('6', 'pushed')]);
    const run = runOf('web-1', port);
    await sockets.started(measured, run.instance);
    await waitFor(() => published(sockets, measured).length === 2, WITHIN);
    expect(published(sockets, measured)).toEqual(['5=pulled', '6=pushed']);
    expect(asked[0]).toBe(`GET ${PATH}`);
    await run.end();
    await waitFor(() => published(sockets, measured).length === 0, WITHIN);
  });

  test('is asked for again and again, while the instance runs', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0, minPullMs: 10 });
    let count = 0;
    const { port, asked } = await answering((response) => {
      count += 1;
      response.end(JSON.stringify([item('5', String(count))]));
    });
    await sockets.give(measured);
    const run = runOf('web-1', port);
    await sockets.started(measured, run.instance);
    await waitFor(() => published(sockets, measured)[0] === '5=2', WITHIN);
    await run.end();
    await waitFor(() => published(sockets, measured).length === 0, WITHIN);
    const before = asked.length;
    await sockets.close();
    expect(asked).toHaveLength(before);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['another status', (response) => response.writeHead(404).end(JSON.stringify([item('5')]))],
    ['a redirect', (response) => response.writeHead(302, { location: '/x' }).end()],
    ['no JSON', (response) => response.end('nothing')],
    ['an object', (response) => response.end('{}')],
    [
      'a member that is not known',
      (response) => response.end(JSON.stringify([{ ...item('5'), x: 1 }])),
    ],
    [
      'an OID of the platform',
      (response) => response.end(JSON.stringify([item('5'), { ...item('6'), oid: OID.imageRef }])),
    ],
    [
      'too much',
      (response) => response.end(' '.repeat(MAX_PULL_BYTES) + JSON.stringify([item('5')])),
    ],
    [
      'an answer that breaks off',
      (response) =>
        response.writeHead(200, { 'content-length': '100' }).write('[') && response.destroy(),
    ],
  ])('is left as it was when the answer is %s', async (_, bad) => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0, minPullMs: 10 });
    const { port, asked } = await answering((response) => {
      if (asked.length === 1) response.end(JSON.stringify([item('1', 'good')]));
      else bad(response);
    });
    await sockets.give(measured);
    await sockets.started(measured, runOf('web-1', port).instance);
    await waitFor(() => asked.length >= 2, WITHIN);
    expect(published(sockets, measured)).toEqual(['1=good']);
    expect(stage.changes()).toBe(1);
  });
});
