// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { LauncherError } from '../../errors.ts';
import { CommandShell } from '../command-shell.ts';
import type { Ipv4Network } from './ipv4-network.ts';
import { ruleRemovalScript, ruleScript, tableName } from './network-rules.ts';
import { runProgram } from './run-program.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/** The table with all firewall rules of one launcher. It stays in the kernel until {@link remove}. */
export class FirewallTable {
  readonly #owner: string;
  readonly #network: Ipv4Network;
  readonly #shell = new CommandShell();
  /** Links of the containers with egress, as the set in the kernel has them. */
  readonly #egress = new Set<string>();
  /** One change at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #nextLook: Promise<boolean> | undefined;

  /**
   * @param owner - eight hex digits that tell launchers on one machine apart
   * @param network - of the containers
   */
  constructor(owner: string, network: Ipv4Network) {
    this.#owner = owner;
    this.#network = network;
  }

  /**
   * Replaces the table in one step, so that containers that run notice nothing.
   *
   * @param egress - links of the containers that may open connections to the outside
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  async replace(egress: readonly string[]): Promise<void> {
    await this.#change(async () => {
      await this.#nft(this.#rules(egress));
      this.#egress.clear();
      for (const link of egress) this.#egress.add(link);
    });
    if (egress.length > 0) await enableForwarding();
  }

  /** Says of one link whether its container may open connections to the outside. @throws as {@link replace} */
  async allowEgress(link: string, allowed: boolean): Promise<void> {
    if (allowed) await enableForwarding();
    await this.#change(async () => {
      if (this.#egress.has(link) === allowed) return;
      const verb = allowed ? 'add' : 'delete';
      if (allowed) this.#egress.add(link);
      else this.#egress.delete(link);
      const input = `${verb} element inet ${tableName(this.#owner)} egress { "${link}" }\n`;
      await this.#nft(input).catch(() => this.#nft(this.#rules([...this.#egress])));
    });
  }

  /**
   * Puts the table back when something has removed it, such as a firewall service that empties the whole rule set.
   *
   * @returns whether it was missing
   * @throws as {@link replace}
   */
  ensure(): Promise<boolean> {
    // Whoever asks before the look has begun can share it: many containers may be starting.
    this.#nextLook ??= this.#change(async () => {
      this.#nextLook = undefined;
      const list = { program: 'nft', args: ['list', 'tables'], input: '' } as const;
      const tables = await runProgram(this.#shell, list);
      if (tables.split('\n').includes(`table inet ${tableName(this.#owner)}`)) return false;
      await this.#nft(this.#rules([...this.#egress]));
      return true;
    });
    return this.#nextLook;
  }

  /** Removes it. @throws as {@link replace} */
  async remove(): Promise<void> {
    await this.#change(async () => {
      await this.#nft(ruleRemovalScript(this.#owner));
      this.#egress.clear();
    });
  }

  /** Lets go of what runs for it; the table stays. */
  close(): void {
    this.#shell.close();
  }

  async #nft(script: string): Promise<void> {
    await runProgram(this.#shell, { program: 'nft', args: ['-f', '-'], input: script });
  }

  #rules(egress: readonly string[]): string {
    return ruleScript({ owner: this.#owner, network: this.#network, egress });
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * Lets the kernel pass packets on between links. It does so for the machine as a whole and stays on: something else may
 * have come to rely on it.
 */
async function enableForwarding(): Promise<void> {
  try {
    if ((await readFile(FORWARDING, 'utf8')).trim() !== '1') await writeFile(FORWARDING, '1');
  } catch (cause) {
    const message = 'a container may reach the outside, but forwarding cannot be turned on';
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, {
      expected: `1 in ${FORWARDING}`,
      cause,
    });
  }
}
