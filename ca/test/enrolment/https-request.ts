// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { pem, root } from '../pki.ts';

/** What a server answered. */
export interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON, if it is. */
  readonly body: unknown;
}

/** Sends a request as any HTTPS client would that trusts the test root. A text is sent as it is, all else as JSON. */
export function ask(base: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const content = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: hostname, path, method, agent: false };
    const sent = request({ ...options, ca: pem(root.certificate) }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const { statusCode: status, headers } = answer;
        resolve({ status, headers, type: headers['content-type'], text, body: parse(text) });
      });
    });
    sent.on('error', reject).end(method === 'GET' ? undefined : content);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
