// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { parseAddressRange } from '@proofgate/api';
import { startHttpUpstream } from '../../../proxy/test/http-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from '../../../proxy/test/test-worker.ts';
import { readAll } from '../../../proxy/test/tls-client.ts';
import { describeWithProgram } from '../../system/support/external-programs.ts';
import { freePort } from '../../system/support/free-port.ts';
import { startHaproxy } from './haproxy.ts';

const HOST = 'app.example.com';
/** Where the client is, which neither haproxy nor the proxy has. */
const CLIENT = '127.0.0.9';
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(host: Omit<TestHost, 'hostname'>, from: string): Promise<TestWorker> {
  const options = { proxyProtocolFrom: [parseAddressRange(from)] };
  const worker = await startWorker([{ hostname: HOST, ...host }], {}, {}, {}, options);
  closers.push(() => worker.close());
  return worker;
}

/** What a client at {@link CLIENT} is answered. */
async function ask(port: number): Promise<string> {
  const plain = tcpConnect({ host: '127.0.0.1', port, localAddress: CLIENT, allowHalfOpen: true });
  const socket = connect({ socket: plain, servername: HOST, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(REQUEST);
  return (await readAll(socket)).split('\r\n\r\n')[1] ?? '';
}

describeWithProgram('haproxy', 'PROXY protocol with haproxy', () => {
  it.each([
    ['', '(plain)'],
    ['proxy-v2-options crc32c,ssl,unique-id,authority', '(with all that haproxy adds)'],
  ])('in front of the proxy names the client %s%s', async (options) => {
    const upstream = await startHttpUpstream((incoming, outgoing) => {
      outgoing.end(String(incoming.headers['x-forwarded-for']));
    });
    closers.push(() => upstream.close());
    const worker = await serve({ upstream: upstream.upstream }, '127.0.0.1');
    const port = await freePort();
    const haproxy = await startHaproxy(`
listen pass
  mode tcp
  unique-id-format %[uuid]
  bind 127.0.0.1:${String(port)}
  server proofgate 127.0.0.1:${String(worker.port)} send-proxy-v2 ${options}
`);
    closers.push(() => haproxy.close());
    expect(await ask(port)).toBe(CLIENT);
  });

  it('behind a tcp route knows the client and the name it asked for', async () => {
    const port = await freePort();
    const haproxy = await startHaproxy(`
frontend web
  mode http
  bind 127.0.0.1:${String(port)} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[fc_pp_authority]"
`);
    closers.push(() => haproxy.close());
    const upstream = `127.0.0.1:${String(port)}`;
    const worker = await serve({ upstream, mode: 'tcp', proxyProtocol: 'v2' }, '192.0.2.1');
    expect(await ask(worker.port)).toBe(`${CLIENT} ${HOST}`);
  });
});
