// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile, readlink, writeFile } from 'node:fs/promises';
import type { Logger } from '@proofgate/daemon';
import { LauncherError } from '../../errors.ts';
import { CommandShell } from '../command-shell.ts';
import { parseIpv4Network, type Ipv4Network } from './ipv4-network.ts';
import {
  containerLinkCommands,
  hostLinkCommands,
  linkRemovalCommands,
  type LinkPlan,
} from './link-commands.ts';
import { occupiedSlots, type AddressReader } from './machine-addresses.ts';
import { ruleRemovalScript, ruleScript, tableName } from './network-rules.ts';
import { runProgram } from './run-program.ts';
import { linkName, slotAddresses, slotCount, slotOfLink } from './slot-addresses.ts';
import { SlotPool } from './slot-pool.ts';

/** What the network of a launcher's containers needs. */
export interface ContainerNetworkOptions {
  /** Eight hex digits that tell launchers on one machine apart. */
  readonly owner: string;
  /** `platform.containers.network`. */
  readonly network: string;
  /** Addresses of the machine, as `os.networkInterfaces` tells them. */
  readonly addresses: AddressReader;
  readonly logger: Logger;
}

/** A container's place in the network. */
export interface NetworkAttachment {
  readonly slot: number;
  /** Whether it may open connections to what is outside the VM. */
  readonly egress: boolean;
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const IPV6_SETTINGS = '/proc/sys/net/ipv6';

/**
 * Connects containers to the VM: for each one link of its own with two addresses, and one table of firewall rules for
 * all of them. The VM, and so the proxy, reaches every container. A container reaches neither the VM nor another
 * container, and what is outside only where its configuration allows it.
 *
 * Links live in the kernel and vanish with the container's network namespace; the rules stay until {@link removeAll}.
 * Both outlive the launcher, and the next one finds them by their names.
 */
export class ContainerNetwork {
  readonly #owner: string;
  readonly #network: Ipv4Network;
  readonly #addresses: AddressReader;
  readonly #logger: Logger;
  readonly #slots: SlotPool;
  /** Links and rules do not wait for each other. */
  readonly #linkShell: CommandShell = new CommandShell();
  readonly #ruleShell: CommandShell = new CommandShell();
  /** Links of the containers with egress, as the set in the kernel has them. */
  readonly #egress = new Set<string>();
  /** One change of the rules at a time. */
  #rulesTurn: Promise<unknown> = Promise.resolve();
  #nextLook: Promise<boolean> | undefined;

  private constructor(options: ContainerNetworkOptions, network: Ipv4Network) {
    const count = slotCount(network);
    this.#owner = options.owner;
    this.#network = network;
    this.#addresses = options.addresses;
    this.#logger = options.logger;
    this.#slots = new SlotPool(count, Number.parseInt(options.owner, 16) % count);
  }

  /**
   * Installs the rules and takes over the links of containers that run already.
   *
   * @param options - the launcher and its network
   * @param known - containers that run; links of others are removed
   * @returns the network
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  static async open(
    options: ContainerNetworkOptions,
    known: readonly NetworkAttachment[],
  ): Promise<ContainerNetwork> {
    const network = parseIpv4Network(options.network);
    if (network === undefined) {
      throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', 'the network of containers is none', {
        expected: 'a network such as 10.92.0.0/16',
        seen: options.network,
      });
    }
    const opened = new ContainerNetwork(options, network);
    await opened.reconcile(known);
    return opened;
  }

  /**
   * Makes rules and links be what they are to be with these containers and no others. The rules are replaced in one
   * step, so that containers that run notice nothing.
   *
   * @param known - containers that run; none may be starting meanwhile
   * @returns slots of known containers that have no link; they cannot be reached
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  async reconcile(known: readonly NetworkAttachment[]): Promise<readonly number[]> {
    const egress = known.filter((entry) => entry.egress).map(({ slot }) => this.#link(slot));
    await this.#changeRules(async () => {
      await this.#nft(this.#rules(egress));
      this.#egress.clear();
      for (const link of egress) this.#egress.add(link);
    });
    if (egress.length > 0) await enableForwarding();
    for (const { slot } of known) this.#slots.reserve(slot);
    const links = await this.#ownLinks();
    const wanted = new Set(known.map(({ slot }) => slot));
    const stray = [...links].filter((slot) => !wanted.has(slot));
    await this.#deleteLinks(stray);
    return [...wanted].filter((slot) => !links.has(slot));
  }

  /**
   * Takes a place for a container that is to be started.
   *
   * @returns its slot, to be given back by {@link detach}
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED when the network is full
   */
  takeSlot(): number {
    const slot = this.#slots.take(occupiedSlots(this.#network, this.#owner, this.#addresses()));
    if (slot === undefined) {
      throw new LauncherError(
        'ERR_LAUNCHER_NETWORK_FAILED',
        'the network of containers has no free address left',
        { hint: 'set platform.containers.network to a larger network' },
      );
    }
    return slot;
  }

  /** Gives out a slot no more: whoever was told of the container that had it may still send clients there. */
  withhold(slot: number): void {
    this.#slots.reserve(slot);
  }

  /** Address under which the VM reaches the container of a slot. */
  addressOf(slot: number): string {
    return slotAddresses(this.#network, slot).container;
  }

  /**
   * Connects a container that has been created and not been started. A slot can be attached again and again, so that
   * a workload keeps its address when it is restarted.
   *
   * @param pid - its first process, whose network namespace holds nothing but loopback
   * @param attachment - its place
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED; what was made has been removed again
   */
  async attach(pid: number, { slot, egress }: NetworkAttachment): Promise<void> {
    const networkNamespace = `/proc/${String(pid)}/ns/net`;
    await refuseOwnNamespace(networkNamespace);
    const link = this.#link(slot);
    const addresses = slotAddresses(this.#network, slot);
    const plan = { link, addresses, networkNamespace, ipv6: existsSync(IPV6_SETTINGS) };
    try {
      // The container that had the slot before may be gone for such a short time that its link is not.
      await this.#deleteLinks([slot]);
      await this.#allowEgress(link, egress);
      // Nothing runs in the container yet, so the rules may arrive together with the link.
      const [missing] = await Promise.all([this.ensureRules(), this.#makeLink(plan)]);
      if (missing) this.#logger.warn({}, 'something had removed the rules of container networks');
    } catch (error) {
      await this.#disconnect(slot).catch((cause: unknown) => {
        this.#logger.warn({ link, err: cause }, 'what is left of a link could not be removed');
      });
      throw error;
    }
  }

  /**
   * Disconnects a container and gives its slot back. Nothing happens when it has been disconnected.
   *
   * @param slot - its slot
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED; the slot is not used again then
   */
  async detach(slot: number): Promise<void> {
    await this.#disconnect(slot);
    this.#slots.release(slot);
  }

  /**
   * Puts the rules back when something has removed them, such as a firewall service that empties the whole rule set.
   *
   * @returns whether they were missing
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  ensureRules(): Promise<boolean> {
    // Whoever asks before the look has begun can share it: many containers may be starting.
    this.#nextLook ??= this.#changeRules(async () => {
      this.#nextLook = undefined;
      const list = { program: 'nft', args: ['list', 'tables'], input: '' } as const;
      const tables = await runProgram(this.#ruleShell, list);
      if (tables.split('\n').includes(`table inet ${tableName(this.#owner)}`)) return false;
      await this.#nft(this.#rules([...this.#egress]));
      return true;
    });
    return this.#nextLook;
  }

  /**
   * Removes all rules and links of this launcher. For a launcher that ends for good: containers that still run lose
   * their connections.
   *
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  async removeAll(): Promise<void> {
    await this.#deleteLinks([...(await this.#ownLinks())]);
    await this.#changeRules(async () => {
      await this.#nft(ruleRemovalScript(this.#owner));
      this.#egress.clear();
    });
    this.close();
  }

  /** Lets go of what runs for it; links and rules stay. */
  close(): void {
    this.#linkShell.close();
    this.#ruleShell.close();
  }

  async #disconnect(slot: number): Promise<void> {
    await this.#deleteLinks([slot]);
    await this.#allowEgress(this.#link(slot), false);
  }

  async #allowEgress(link: string, allowed: boolean): Promise<void> {
    if (allowed) await enableForwarding();
    await this.#changeRules(async () => {
      if (this.#egress.has(link) === allowed) return;
      const verb = allowed ? 'add' : 'delete';
      if (allowed) this.#egress.add(link);
      else this.#egress.delete(link);
      const input = `${verb} element inet ${tableName(this.#owner)} egress { "${link}" }\n`;
      await this.#nft(input).catch(() => this.#nft(this.#rules([...this.#egress])));
    });
  }

  /** Those that exist; it is no error when they do not. */
  async #deleteLinks(slots: readonly number[]): Promise<void> {
    const present = await this.#ownLinks();
    const links = slots.filter((slot) => present.has(slot)).map((slot) => this.#link(slot));
    if (links.length === 0) return;
    // A link that goes with its namespace meanwhile makes the command fail, and the others are still to be removed.
    const args = ['-force', '-batch', '-'];
    const input = linkRemovalCommands(links);
    const failure: unknown = await runProgram(this.#linkShell, {
      ...{ program: 'ip', args, input },
    }).catch((error: unknown) => error);
    const left = await this.#ownLinks();
    if (slots.some((slot) => left.has(slot))) throw failure;
  }

  /** Slots of the links of this launcher that exist. */
  async #ownLinks(): Promise<ReadonlySet<number>> {
    // One line for each link of this process's network namespace, behind two lines of headings (proc(5)).
    const lines = (await readFile('/proc/self/net/dev', 'utf8')).split('\n').slice(2);
    const names = lines.map((line) => line.slice(0, line.indexOf(':')).trim());
    return new Set(names.flatMap((name) => slotOfLink(this.#owner, name) ?? []));
  }

  async #nft(script: string): Promise<void> {
    await runProgram(this.#ruleShell, { program: 'nft', args: ['-f', '-'], input: script });
  }

  async #makeLink(plan: LinkPlan): Promise<void> {
    const args = ['-batch', '-'];
    await runProgram(this.#linkShell, { program: 'ip', args, input: hostLinkCommands(plan) });
    await runProgram(this.#linkShell, {
      program: 'nsenter',
      args: [`--net=${plan.networkNamespace}`, 'ip', ...args],
      input: containerLinkCommands(plan),
    });
  }

  #rules(egress: readonly string[]): string {
    return ruleScript({ owner: this.#owner, network: this.#network, egress });
  }

  #link(slot: number): string {
    return linkName(this.#owner, slot);
  }

  #changeRules<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#rulesTurn.then(change);
    this.#rulesTurn = turn.catch(() => undefined);
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

/** A "container" in the VM's own namespace would get a second link into the VM. */
async function refuseOwnNamespace(path: string): Promise<void> {
  const namespace = await readlink(path).catch((cause: unknown) => {
    const message = `${path} does not exist: the container has ended`;
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { cause });
  });
  if (namespace === (await readlink('/proc/self/ns/net'))) {
    const message = 'a container has no network namespace of its own';
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { seen: path });
  }
}
