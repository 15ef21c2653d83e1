// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { PeerAnswer, PeerExchange } from './peer-exchange.ts';

/** Puts questions in HTTP/2, each on a stream of its own. */
export function http2Exchange(session: ClientHttp2Session): PeerExchange {
  return async ({ method, path, host, body }, signal) =>
    new Promise((resolve, reject) => {
      const headers = {
        ':method': method,
        ':path': path,
        ':authority': host,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const stream = session.request(headers, { endStream: body === undefined, signal });
      stream
        .once('response', (response) => {
          resolve(answerOf(stream, response[':status'] ?? 0));
        })
        .on('error', reject)
        .once('close', () => {
          reject(new Error('the stream was closed'));
        });
      if (body !== undefined) stream.end(body);
    });
}

function answerOf(stream: ClientHttp2Stream, status: number): PeerAnswer {
  return {
    status,
    // Sound: without an encoding set, a stream yields buffers.
    body: stream as AsyncIterable<Uint8Array>,
    discard: () => {
      stream.destroy();
    },
  };
}
