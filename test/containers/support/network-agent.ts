// SPDX-License-Identifier: Apache-2.0
// Runs in a network namespace of its own and does there what it is told, one JSON line a time.
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';

/** What an agent can be told. */
export type AgentOrder =
  /** Answers TCP connections and UDP packets on a port. */
  | { readonly do: 'serve'; readonly host: string; readonly port: number }
  /** Tries to open a TCP connection, or to get a UDP packet answered. */
  | {
      readonly do: 'reach';
      readonly protocol: 'tcp' | 'udp';
      readonly host: string;
      readonly port: number;
      readonly from?: string;
      readonly withinMs: number;
    }
  /** Addresses of the machines that packets came from. */
  | { readonly do: 'callers' };

/** An order and a number to know its answer by. */
export interface NumberedOrder {
  readonly id: number;
  readonly order: AgentOrder;
}

/** An answer; `value` is `open`, or why not, or what was asked for. */
export interface NumberedAnswer {
  readonly id: number;
  readonly value: unknown;
}

const callers: string[] = [];

async function serve(host: string, port: number): Promise<string> {
  const tcp = createServer((socket) => {
    callers.push(socket.remoteAddress ?? '');
    socket.on('error', () => undefined).end();
  });
  await new Promise<void>((resolve) => tcp.listen(port, host, resolve));
  const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  udp.on('message', (message, { address, port: from }) => {
    callers.push(address);
    udp.send(message, from, address);
  });
  await new Promise<void>((resolve) => udp.bind(port, host, resolve));
  return 'serving';
}

function reach(order: AgentOrder & { readonly do: 'reach' }): Promise<string> {
  return order.protocol === 'tcp' ? reachByTcp(order) : reachByUdp(order);
}

function reachByTcp(order: AgentOrder & { readonly do: 'reach' }): Promise<string> {
  return new Promise((resolve) => {
    const { host, port, from } = order;
    const socket = connect({ host, port, ...(from === undefined ? {} : { localAddress: from }) });
    const finish = (result: string): void => {
      resolve(result);
      socket.destroy();
    };
    socket.once('connect', () => {
      finish('open');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(error.code ?? error.message);
    });
    setTimeout(finish, order.withinMs, 'no answer');
  });
}

function reachByUdp(order: AgentOrder & { readonly do: 'reach' }): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(order.host) ? 'udp6' : 'udp4');
    const finish = (result: string): void => {
      clearTimeout(timer);
      resolve(result);
      socket.close();
    };
    const timer = setTimeout(finish, order.withinMs, 'no answer');
    socket.once('message', () => {
      finish('open');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      finish(error.code ?? error.message);
    });
    socket.bind(0, order.from, () => {
      socket.send('?', order.port, order.host);
    });
  });
}

function perform(order: AgentOrder): unknown {
  switch (order.do) {
    case 'serve':
      return serve(order.host, order.port);
    case 'reach':
      return reach(order);
    case 'callers':
      return callers;
  }
}

async function answer(line: string): Promise<void> {
  // From the test that started this program.
  const { id, order } = JSON.parse(line) as NumberedOrder;
  const reply: NumberedAnswer = { id, value: await perform(order) };
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

createInterface({ input: process.stdin })
  .on('line', (line) => void answer(line))
  .on('close', () => process.exit());
process.stdout.write(`${JSON.stringify({ id: 0, value: 'ready' } satisfies NumberedAnswer)}\n`);
