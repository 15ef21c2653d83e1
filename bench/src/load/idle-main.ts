// SPDX-License-Identifier: Apache-2.0
// Opens TLS connections, makes one request on each, and holds them until its standard input ends.
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { runTarget } from '../targets/target-program.ts';

/** Handshakes at a time: what servers hold back in their queues is no more than this. */
const AT_A_TIME = 50;

/** Whom to hold on to. */
interface IdleSettings {
  readonly port: number;
  readonly servername: string;
  readonly connections: number;
}

await runTarget(async ({ port, servername, connections }: IdleSettings) => {
  const sockets: TLSSocket[] = [];
  const openSome = async (): Promise<void> => {
    while (sockets.length < connections) {
      const socket = connect({
        host: '127.0.0.1',
        port,
        servername,
        // What is measured is not who it is.
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
      });
      sockets.push(socket);
      await once(socket, 'secureConnect');
      socket.write(`GET /1k HTTP/1.1\r\nHost: ${servername}\r\n\r\n`);
      await once(socket, 'data');
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
  const lost = sockets.filter((socket) => socket.destroyed).length;
  if (lost > 0) throw new Error(`${String(lost)} of the connections were closed`);
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  };
  return { port, close };
});
