// SPDX-License-Identifier: Apache-2.0
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { PeerAnswer, PeerExchange } from './peer-exchange.ts';

/** Puts questions in HTTP/1.1, one after the other. The connection can be used for requests afterwards. */
export function http1Exchange(socket: TLSSocket): PeerExchange {
  return async ({ method, path, host, body }, signal) =>
    new Promise((resolve, reject) => {
      // Node would wait on it for good: its close has been told already.
      if (!socket.writable) {
        reject(new Error('the connection is closed'));
        return;
      }
      // An agent of its own keeps the connection open after the answer; taking the socket out of it at once leaves no
      // listeners behind for whoever uses the connection next.
      const agent = Object.assign(new Agent({ keepAlive: true }), {
        createConnection: () => socket,
      });
      const headers = {
        host,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      httpRequest({ method, path, headers, agent, signal })
        .once('socket', (used) => used.emit('agentRemove'))
        .once('response', (response) => {
          resolve(answerOf(response));
        })
        .on('error', reject)
        .end(body);
    });
}

function answerOf(response: IncomingMessage): PeerAnswer {
  return {
    status: response.statusCode ?? 0,
    // Sound: without an encoding set, a response yields buffers.
    body: response as AsyncIterable<Uint8Array>,
    discard: () => {
      response.destroy();
    },
  };
}
