// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP server that records what it gets, byte for byte, and answers as a test says. */
export interface RawUpstream {
  /** As a route names it. */
  readonly upstream: string;
  readonly port: number;
  /** What each connection has sent so far, in order of arrival, as latin1. */
  readonly received: string[];
  readonly sockets: Socket[];
  close(): Promise<void>;
}

/** Called for every piece that arrives, with all that the connection has sent so far. */
export type RawAnswer = (socket: Socket, soFar: string, index: number) => void;

/** Starts one on loopback. */
export async function startRawUpstream(answer: RawAnswer): Promise<RawUpstream> {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = sockets.push(socket) - 1;
    received[index] = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1');
      answer(socket, received[index] ?? '', index);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    upstream: `http://127.0.0.1:${String(port)}`,
    port,
    received,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers each complete request with a short response, so that the connection can be used again. */
export function answerEach(response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'): RawAnswer {
  const answered = new Map<Socket, number>();
  return (socket, soFar) => {
    const complete = countRequests(soFar);
    for (let n = answered.get(socket) ?? 0; n < complete; n += 1) socket.write(response, 'latin1');
    answered.set(socket, complete);
  };
}

/** How many whole requests the bytes hold, by the framing that the proxy may use. */
export function countRequests(bytes: string): number {
  return splitRequests(bytes).length;
}

/** The whole requests in a byte stream: head, and body as it was framed. */
export function splitRequests(bytes: string): { head: string; body: string }[] {
  const requests: { head: string; body: string }[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return requests;
    const head = rest.slice(0, end + 2);
    const after = rest.slice(end + 4);
    const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
    let size = length === undefined ? 0 : Number(length);
    if (/^transfer-encoding: *chunked\r$/im.test(head)) {
      const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(after);
      if (last === null) return requests;
      size = last.index + last[0].length;
    }
    if (after.length < size) return requests;
    requests.push({ head, body: after.slice(0, size) });
    rest = after.slice(size);
  }
}
