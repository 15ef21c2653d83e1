// SPDX-License-Identifier: Apache-2.0
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import type { LoadPlan } from './load-plan.ts';
import { ResponseReader, type HttpResponse } from './response-reader.ts';

/** An answer that takes longer is a failure, not a slow success. */
const ANSWER_TIMEOUT_MS = 15_000;

/** A TLS connection on which one request after the other is made. */
export interface LoadConnection {
  /** Sends the request; the handshake precedes the first one. */
  request(): Promise<HttpResponse>;
  close(): void;
}

interface Waiting {
  resolve(response: HttpResponse): void;
  reject(error: Error): void;
}

/**
 * Opens a connection; errors surface in {@link LoadConnection.request}.
 *
 * @param context Made once for all connections: it holds the parsed root.
 */
export function openConnection(plan: LoadPlan, context: SecureContext): LoadConnection {
  const socket = connect({
    host: plan.host,
    port: plan.port,
    servername: plan.servername,
    secureContext: context,
    ALPNProtocols: ['http/1.1'],
  });
  socket.setNoDelay(true);
  const message = requestMessage(plan);
  const reader = new ResponseReader();
  let waiting: Waiting | undefined;
  let failure: Error | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    waiting?.reject(error);
    waiting = undefined;
    socket.destroy();
  };
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => fail(new Error('no answer in time')));
  socket.on('error', fail);
  socket.on('close', () =>
    fail(new Error(`connection closed${reader.isPartial ? ' inside an answer' : ''}`)),
  );
  socket.on('data', (chunk: Buffer) => {
    try {
      if (waiting === undefined) throw new Error('bytes that nobody asked for');
      const response = reader.push(chunk);
      if (response === undefined) return;
      const { resolve } = waiting;
      waiting = undefined;
      resolve(response);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });

  return {
    request: () =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting = { resolve, reject };
        socket.write(message);
      }),
    close: () => discard(socket),
  };
}

function discard(socket: TLSSocket): void {
  socket.removeAllListeners('close');
  socket.destroy();
}

function requestMessage(plan: LoadPlan): Buffer {
  const connection = plan.mode === 'keep-alive' ? 'keep-alive' : 'close';
  return Buffer.from(
    `GET ${plan.path} HTTP/1.1\r\nhost: ${plan.servername}\r\nconnection: ${connection}\r\n\r\n`,
    'latin1',
  );
}
