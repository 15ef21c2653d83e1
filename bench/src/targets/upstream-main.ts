// SPDX-License-Identifier: Apache-2.0
// What the proxy forwards to: plain HTTP.
import { createServer } from 'node:http';
import { payloadHandler } from './payload-handler.ts';
import { listenOnLoopback, runTarget } from './target-program.ts';

await runTarget(async () => {
  const server = createServer({ keepAliveTimeout: 60_000 }, payloadHandler());
  const port = await listenOnLoopback(server);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
});
