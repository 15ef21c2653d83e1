// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createHelloApp, HELLO_VERSION, type HelloApp, type HelloOptions } from '@proofgate/hello';

const started: HelloApp[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.close()));
});

async function start(options: Partial<HelloOptions> = {}): Promise<{ app: HelloApp; url: string }> {
  const app = createHelloApp({ name: 'hello', version: '1.2.3', ...options });
  const port = await app.listen(0, '127.0.0.1');
  started.push(app);
  return { app, url: `http://127.0.0.1:${String(port)}` };
}

test('the version is the one of the package', () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect((JSON.parse(text) as { version: string }).version).toBe(HELLO_VERSION);
});

test('says hello with its name and version, and is healthy', async () => {
  const { url } = await start({ name: 'greeter' });
  expect(await (await fetch(url)).text()).toBe('Hello from greeter 1.2.3\n');
  const health = await fetch(`${url}/healthz?verbose`);
  expect([health.status, await health.text()]).toEqual([200, 'ok\n']);
});

test('answers unknown paths with 404 and wrong methods with 405', async () => {
  const { url } = await start();
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  const wrong = await fetch(`${url}/echo`);
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, PUT']);
});

test('shows the headers that arrived', async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/headers`, { headers: { 'x-sample': 'seen' } });
  expect(await answer.json()).toMatchObject({ method: 'GET', headers: { 'x-sample': 'seen' } });
});

test('echoes a body while it is still being sent', async () => {
  const { url } = await start();
  const call = request(`${url}/echo`, { method: 'POST', headers: { 'content-type': 'text/x' } });
  call.write('first');
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  expect(String((await chunks.next()).value)).toBe('first');
  call.end('second');
  expect(String((await chunks.next()).value)).toBe('second');
  expect((await chunks.next()).done).toBe(true);
  expect(answer.headers['content-type']).toBe('text/x');
});

test('streams the time as server-sent events until the app closes', async () => {
  const moments = [new Date(0), new Date(1000), new Date(2000)];
  const { app, url } = await start({
    clock: () => moments.shift() ?? new Date(3000),
    timeIntervalMs: 1,
  });
  const answer = await fetch(`${url}/time`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += new TextDecoder().decode(chunk as Uint8Array);
    if (text.includes('00:00:01.000Z')) void app.close();
  }
  expect(text).toContain('event: time\ndata: 1970-01-01T00:00:00.000Z\n\n');
});

test('echoes WebSocket messages of both kinds and says goodbye on shutdown', async () => {
  const { app, url } = await start();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  await once(socket, 'open');
  socket.send('text');
  expect((await once(socket, 'message')).map(String)).toEqual(['text', 'false']);
  socket.send(Buffer.from([0, 255]));
  expect(await once(socket, 'message')).toEqual([Buffer.from([0, 255]), true]);
  const closed = once(socket, 'close');
  await app.close();
  expect((await closed)[0]).toBe(1001);
});

test('refuses a WebSocket elsewhere and a message over the limit', async () => {
  const { url } = await start();
  const elsewhere = new WebSocket(`${url.replace('http', 'ws')}/other`);
  expect(String((await once(elsewhere, 'error'))[0])).toContain('400');
  const large = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  await once(large, 'open');
  large.send(Buffer.alloc(1024 * 1024 + 1));
  expect((await once(large, 'close'))[0]).toBe(1009);
});

test('waits for a request in flight, then cuts it after the drain time', async () => {
  const { app, url } = await start({ drainMs: 50 });
  const call = request(`${url}/echo`, { method: 'POST' });
  call.write('part');
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  answer.resume();
  const cut = once(answer, 'error');
  await app.close();
  expect(String((await cut)[0])).toContain('aborted');
});

test('a port in use is a rejection, not a crash', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const address = blocker.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const app = createHelloApp({ name: 'hello', version: '1' });
  await expect(app.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
  blocker.close();
});
