// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** Connects and finishes the handshake; certificates are not judged here. */
export async function openTls(port: number, servername: string): Promise<TLSSocket> {
  const socket = connect({
    // A half-open socket makes a half-open TLS connection.
    socket: tcpConnect({ host: '127.0.0.1', port, allowHalfOpen: true }),
    servername,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** Sends bytes and gives everything that comes back until the connection is closed, as latin1. */
export async function exchangeRaw(
  port: number,
  servername: string,
  bytes: string | Uint8Array,
): Promise<string> {
  const socket = await openTls(port, servername);
  const answer = readAll(socket);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return answer;
}

/** Everything until the end of the connection, as latin1. */
export async function readAll(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.once('end', () => socket.end());
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** Reads until the text matches. @throws Error when the connection closes before that */
export async function readUntil(socket: TLSSocket, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!pattern.test(text)) return;
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(text);
    };
    const onClose = (): void => reject(new Error(`closed after: ${text}`));
    socket.on('data', onData);
    socket.once('close', onClose);
  });
}
