// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range that Linux takes for outgoing connections, so that nothing but another test can take the port between
 * this moment and the start of the program that is to have it.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS = 50;

/** A TCP port of 127.0.0.1 on which nothing listens. Random, because test files run at the same time. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port after ${String(ATTEMPTS)} attempts`);
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
