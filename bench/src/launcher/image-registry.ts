// SPDX-License-Identifier: Apache-2.0
import { createServer, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../targets/target-program.ts';
import type { ImageBlob, MemoryImage } from './oci-image.ts';

/** A registry on loopback (OCI distribution specification 1.1, "Pull") that serves images from memory. */
export interface ImageRegistry {
  /**
   * Serves an image.
   *
   * @returns its pinned reference
   */
  add(repository: string, image: MemoryImage): string;
  /** Serves it no longer. */
  remove(image: MemoryImage): void;
  close(): Promise<void>;
}

/** Starts one. */
export async function startImageRegistry(): Promise<ImageRegistry> {
  const blobs = new Map<string, ImageBlob>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://registry');
    if (pathname === '/v2/') {
      answer(response, 200, 'application/json', Buffer.from('{}'), request.method);
      return;
    }
    const [, kind, digest = ''] = /\/(manifests|blobs)\/([^/]+)$/u.exec(pathname) ?? [];
    const blob = blobs.get(digest);
    if (blob === undefined) {
      answer(response, 404, 'application/json', Buffer.from('{"errors":[]}'), request.method);
      return;
    }
    response.setHeader('docker-content-digest', digest);
    const type = kind === 'manifests' ? blob.mediaType : 'application/octet-stream';
    answer(response, 200, type, blob.bytes, request.method);
  });
  const port = await listenOnLoopback(server);
  return {
    add: (repository, image) => {
      for (const blob of image.blobs) blobs.set(blob.digest, blob);
      return `127.0.0.1:${String(port)}/${repository}@${image.pin}`;
    },
    remove: (image) => {
      for (const { digest } of image.blobs) blobs.delete(digest);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
      });
    },
  };
}

function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: Uint8Array,
  method: string | undefined,
): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}
