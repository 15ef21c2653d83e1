// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { ANSWER_TO, answerTo } from './recorder.ts';

/** What the server does for one target. */
export interface HostileAnswer {
  readonly now: string;
  /** How the connection ends behind it. */
  readonly ends?: 'in order' | 'by reset';
}

/** A server that answers some targets as no server should, and every other one as it should. */
export interface HostileUpstream {
  readonly port: number;
  /** What was read on each connection, as latin1. */
  readonly received: readonly string[];
  /** Answers this target so from now on. */
  answer(target: string, answer: HostileAnswer): void;
  /** Sends bytes on every open connection, and waits until the other side has closed them all. */
  sendUnasked(bytes: string): Promise<void>;
  /** Says this on every connection before anything was asked; nothing for undefined. */
  greeting: string | undefined;
  close(): Promise<void>;
}

/** A reset overtakes what was sent before it, unless that has been read. */
const RESET_AFTER_MS = 20;

/** A connection that is open after that will stay open. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Starts one on loopback. It reads heads alone: what follows one on its connection is content or the next. */
export async function startHostileUpstream(): Promise<HostileUpstream> {
  const answers = new Map<string, HostileAnswer>();
  const received: string[] = [];
  const open = new Set<Socket>();
  const state = { greeting: undefined as string | undefined };
  const server = createServer((socket) => {
    const index = received.push('') - 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    if (state.greeting !== undefined) socket.write(state.greeting, 'latin1');
    let unread = '';
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      received[index] = `${received[index] ?? ''}${text}`;
      unread += text;
      for (;;) {
        const [head, method = '', target = ''] =
          /^(\S+) (\S+) HTTP[^]*?\r\n\r\n/.exec(unread) ?? [];
        if (head === undefined) return;
        unread = unread.slice(head.length);
        give(socket, answers.get(target) ?? rightAnswer(method, target));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on TCP.
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    port,
    received,
    answer: (target: string, answer: HostileAnswer) => void answers.set(target, answer),
    async sendUnasked(bytes: string) {
      for (const socket of open) socket.write(bytes, 'latin1');
      await waitFor(() => open.size === 0, {
        timeoutMs: CLOSE_TIMEOUT_MS,
        what: 'the connections on which bytes have come unasked to be closed',
      });
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

function rightAnswer(method: string, target: string): HostileAnswer {
  const body = method === 'HEAD' ? '' : 'right';
  const fields = `${ANSWER_TO}: ${answerTo(method, target)}\r\nContent-Length: 5`;
  return { now: `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}` };
}

function give(socket: Socket, { now, ends }: HostileAnswer): void {
  socket.write(now, 'latin1');
  if (ends === 'in order') socket.end();
  else if (ends === 'by reset') setTimeout(() => socket.resetAndDestroy(), RESET_AFTER_MS);
}
