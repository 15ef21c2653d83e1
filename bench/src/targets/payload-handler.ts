// SPDX-License-Identifier: Apache-2.0
import type { RequestListener } from 'node:http';

/** Largest body that can be asked for. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The body of `/bytes/N`. */
export function payload(bytes: number): string {
  return 'proofgate benchmark payload. '.repeat(Math.ceil(bytes / 29)).slice(0, bytes);
}

/** Answers `/bytes/N` with N bytes. What is measured forwards to it, or is it. */
export function payloadHandler(): RequestListener {
  const bodies = new Map<string, Buffer>();
  return (request, response) => {
    const path = request.url ?? '';
    const size = Number(/^\/bytes\/(\d{1,8})$/.exec(path)?.[1] ?? NaN);
    if (!(size <= MAX_BYTES)) {
      response.writeHead(404).end();
      return;
    }
    const body = bodies.get(path) ?? Buffer.from(payload(size));
    bodies.set(path, body);
    response.writeHead(200, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': body.length,
    });
    response.end(body);
  };
}
