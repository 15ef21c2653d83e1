// SPDX-License-Identifier: Apache-2.0
import { createHelloApp } from './hello-app.ts';
import { HELLO_VERSION } from './version.ts';

const DEFAULT_PORT = '8000';

const app = createHelloApp({ name: process.env['NAME'] ?? 'hello', version: HELLO_VERSION });

async function start(): Promise<void> {
  const text = process.env['PORT'] ?? DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new Error(`PORT must be a number from 0 to 65535, got ${JSON.stringify(text)}`);
  }
  const host = process.env['HOST'] ?? '127.0.0.1';
  const port = await app.listen(Number(text), host);
  process.stdout.write(`hello listens on http://${host}:${String(port)}\n`);
}

function stop(): void {
  app.close().then(
    () => process.exit(0),
    (error: unknown) => fail(error),
  );
}

function fail(error: unknown): never {
  process.stderr.write(`hello: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
start().catch(fail);
