// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { hasConnection, tableEntry, untilQuiet } from '../../src/supervision/until-quiet.ts';

const NEVER = new AbortController().signal;

/** As the kernel of a little-endian machine writes it; the first connection is open, the second waits for its end. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 03005C0A:1F40 01 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:9C42 05005C0A:1F40 06 00000000:00000000 03:00000000 00000000     0        0 2 1
`;

test('an address is found in the table of the kernel', () => {
  expect(tableEntry({ host: '10.92.0.3', port: 8000 })).toBe('03005C0A:1F40');
  expect(tableEntry({ host: '::1', port: 1 })).toBeUndefined();
  expect(hasConnection(TABLE, '03005C0A:1F40')).toBe(true);
  expect(hasConnection(TABLE, '05005C0A:1F40')).toBe(false);
  expect(hasConnection(TABLE, '03005C0A:1F41')).toBe(false);
});

test('the wait is over when the last connection is closed, and after its limit', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const address = { host: '127.0.0.1', port };
  const client = connect(port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [{ destroy(): void }];
  onTestFinished(() => socket.destroy());

  const began = performance.now();
  await untilQuiet(address, 200, NEVER);
  expect(performance.now() - began).toBeGreaterThanOrEqual(200);
  let quiet = false;
  const wait = untilQuiet(address, 60_000, NEVER).then(() => {
    quiet = true;
  });
  await untilQuiet(address, 100, NEVER);
  expect(quiet).toBe(false);
  client.destroy();
  socket.destroy();
  await wait;
  await untilQuiet(address, 60_000, NEVER);
  await untilQuiet({ host: '::1', port }, 60_000, NEVER);
});
