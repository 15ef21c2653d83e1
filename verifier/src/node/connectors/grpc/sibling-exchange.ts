// SPDX-License-Identifier: Apache-2.0
import { connectTls, type ConnectOptions } from '../../connect-tls.ts';
import { http1Exchange } from '../http1-exchange.ts';
import type { PeerExchange } from '../peer-exchange.ts';

/**
 * Puts questions over an HTTP/1.1 connection of their own, for connections whose only user is a gRPC channel. The
 * answers are not bound to the connection that is verified, so they have to be checked against what is: an event log
 * must replay to the register in the verified quote, collateral is signed.
 */
export function siblingExchange(target: ConnectOptions): PeerExchange {
  return async (request, signal) => {
    const { socket } = await connectTls({ ...target, signal });
    socket.on('error', ignore);
    const close = (): void => {
      socket.destroy();
    };
    try {
      const { status, body } = await http1Exchange(socket)(request, signal);
      return { status, body: closingAfter(body, close), discard: close };
    } catch (error) {
      close();
      throw error;
    }
  };
}

async function* closingAfter(
  body: AsyncIterable<Uint8Array>,
  close: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    close();
  }
}

function ignore(): void {
  // The error also ends the answer, whose reader reports it.
}
