// SPDX-License-Identifier: Apache-2.0
// The peer: the same handler behind node:tls in one process, without a proxy and without attestation.
import { createServer } from 'node:https';
import { payloadHandler } from './payload-handler.ts';
import { listenOnLoopback, runTarget } from './target-program.ts';

/** PEM of the leaf with its chain, and of its key. */
interface NodeHttpsSettings {
  readonly certificate: string;
  readonly key: string;
}

await runTarget(async ({ certificate, key }: NodeHttpsSettings) => {
  const server = createServer(
    { cert: certificate, key, minVersion: 'TLSv1.3', keepAliveTimeout: 60_000 },
    payloadHandler(),
  );
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
