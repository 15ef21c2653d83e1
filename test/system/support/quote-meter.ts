// SPDX-License-Identifier: Apache-2.0
import { rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Stack } from './stack.ts';

/** Counts the quotes that a stack asks its simulated platform for. */
export interface QuoteMeter {
  readonly quotes: number;
  close(): Promise<void>;
}

const QUOTE_REQUEST = 'POST /v1/quote ';

/** Steps between the platform's socket and whoever connects to it, and passes everything on. */
export async function startQuoteMeter({ files }: Stack): Promise<QuoteMeter> {
  const path = join(files.runDirectory, 'simulator.sock');
  const behind = join(files.runDirectory, 'metered.sock');
  let quotes = 0;
  const server = createServer((client) => {
    const platform = connect(behind);
    client.on('data', (chunk) => {
      if (chunk.toString('latin1').includes(QUOTE_REQUEST)) quotes += 1;
    });
    client.on('error', () => platform.destroy());
    platform.on('error', () => client.destroy());
    client.pipe(platform).pipe(client);
  });
  // A socket that is renamed goes on listening under its new name.
  await rename(path, behind);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    get quotes() {
      return quotes;
    },
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
      await rename(behind, path);
    },
  };
}
