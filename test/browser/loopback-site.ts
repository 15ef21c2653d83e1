// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A resource of the site. */
export interface Resource {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** A site on the loopback interface, which browsers take for a secure context. */
export interface LoopbackSite extends AsyncDisposable {
  readonly url: string;
  /** What the page posted. */
  readonly results: Promise<string>;
}

// Nothing from elsewhere, no inline scripts, no code from text: what a careful site allows.
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

/** Serves resources by path, and takes the results of the page. */
export async function serveLoopback(
  resources: Readonly<Record<string, Resource>>,
): Promise<LoopbackSite> {
  let deliver: (results: string) => void = () => undefined;
  const results = new Promise<string>((resolve) => (deliver = resolve));
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/results') {
      takeResults(request).then(deliver, () => undefined);
      response.writeHead(204).end();
      return;
    }
    const resource = resources[request.url ?? ''];
    if (resource === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': resource.type,
      'content-security-policy': POLICY,
    });
    response.end(resource.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Sound: a server that listens on TCP has an address and a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    results,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function takeResults(request: IncomingMessage): Promise<string> {
  return text(request);
}
