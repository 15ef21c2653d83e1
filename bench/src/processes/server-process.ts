// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { pinned } from './pinned-command.ts';
import type { TargetProcess } from './target-process.ts';

/** Servers start within a second; a machine that is busy gets more. */
const START_TIMEOUT_MS = 15_000;

/** Time that a server has to stop before it is killed. */
const STOP_MS = 5_000;

/** How a server that is not ours is started. */
export interface ServerOptions {
  readonly command: readonly [string, ...string[]];
  /** Where it will listen, on loopback. */
  readonly port: number;
  /** Core to run on; undefined for any. */
  readonly cpu: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server and waits until it accepts connections. @throws Error with what it printed when it does not */
export async function startServer(options: ServerOptions): Promise<TargetProcess> {
  const { command, args } = pinned(options.command, options.cpu);
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let printed = '';
  child.stderr.on(
    'data',
    (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-2_000)),
  );
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.command[0]} has no process`);
  const server = { pid, port: options.port, stop: () => stop(child) };
  try {
    await waitFor(
      () => {
        if (child.exitCode !== null) throw new Error('it ended');
        return canConnect(options.port);
      },
      { timeoutMs: START_TIMEOUT_MS, what: `${options.command[0]} to listen` },
    );
  } catch (cause) {
    await server.stop();
    throw new Error(`${options.command[0]} did not start: ${printed}`, { cause });
  }
  return server;
}

/** Ports of the loopback interface on which nothing listens; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    // It listens on TCP.
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}
