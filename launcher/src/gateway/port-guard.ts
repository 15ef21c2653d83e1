// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { Logger } from '@proofgate/daemon';
import { pause } from '../supervision/pause.ts';

/** How often the listeners are looked at: an impostor is served at most this long, plus the time the proxy takes. */
const CHECK_MS = 1_000;

/** What Linux prints in the state column for a listening socket, `TCP_LISTEN` of `net/tcp_states.h`. */
const LISTEN = '0A';

/** A workload's port and the only user that may listen on it. */
export interface GuardedPort {
  /** Name of the workload. */
  readonly name: string;
  readonly port: number;
  readonly uid: number;
}

/** A listening TCP socket of this network namespace. */
export interface Listener {
  readonly port: number;
  readonly uid: number;
}

/** What a guard needs. */
export interface PortGuardOptions {
  /** As they are now: workloads come and go. */
  readonly ports: () => readonly GuardedPort[];
  readonly logger: Logger;
  /** Time between two looks, in milliseconds. */
  readonly checkMs?: number;
}

/**
 * Watches that nothing but a workload itself listens on its port. Every process in the VM can bind a loopback port that
 * is free at the moment, and would be served under the workload's certificate.
 */
export class PortGuard {
  readonly #options: PortGuardOptions;
  #taken: ReadonlySet<string> = new Set();

  constructor(options: PortGuardOptions) {
    this.#options = options;
  }

  /** Names of the workloads whose port another user listens on. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  /**
   * Looks once.
   *
   * @returns whether {@link taken} has changed
   * @throws the system's error when `/proc/net/tcp` cannot be read
   */
  async check(): Promise<boolean> {
    if (this.#options.ports().length === 0 && this.#taken.size === 0) return false;
    const { logger } = this.#options;
    const listeners = await readListeners();
    const ports = this.#options.ports();
    const before = this.#taken;
    const taken = new Set<string>();
    for (const { name, port, uid } of ports) {
      const foreign = listeners.find((other) => other.port === port && other.uid !== uid);
      if (foreign !== undefined) taken.add(name);
      if (foreign !== undefined && !before.has(name)) {
        const found = { workload: name, port, expected: uid, seen: foreign.uid };
        logger.error(found, 'another user listens on the port of a workload, which is not served');
      } else if (foreign === undefined && before.has(name)) {
        logger.info({ workload: name, port }, 'the port of a workload is its own again');
      }
    }
    this.#taken = taken;
    return taken.size !== before.size || [...taken].some((name) => !before.has(name));
  }

  /**
   * Looks again and again. A look that fails changes nothing.
   *
   * @param onChange - called whenever {@link taken} has changed
   * @param signal - ends the watching
   */
  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { checkMs = CHECK_MS, logger } = this.#options;
    while (!signal.aborted) {
      const changed = await this.check().catch((error: unknown) => {
        logger.error({ err: error }, 'it cannot be seen who listens on the ports of the workloads');
        return false;
      });
      if (changed) onChange();
      await pause(checkMs, signal);
    }
  }
}

/**
 * Reads a table of sockets as `/proc/net/tcp` and `/proc/net/tcp6` hold it (proc_net_tcp in the kernel's documentation).
 * The address is left out on purpose: a workload's port is its own on every address.
 *
 * @param table - text of the file
 * @returns its listening sockets
 */
export function parseListeners(table: string): readonly Listener[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , uid] = line.trim().split(/\s+/);
      if (state !== LISTEN || uid === undefined) return [];
      return [{ port: Number.parseInt(local.slice(local.indexOf(':') + 1), 16), uid: Number(uid) }];
    });
}

async function readListeners(): Promise<readonly Listener[]> {
  const [v4, v6] = await Promise.all([
    readFile('/proc/net/tcp', 'utf8'),
    // A kernel without IPv6 has no such file.
    readFile('/proc/net/tcp6', 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
      throw error;
    }),
  ]);
  return [...parseListeners(v4), ...parseListeners(v6)];
}
