// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { LauncherError } from '../../errors.ts';
import { ContainerLinks, namespaceOf } from './container-links.ts';
import { FirewallTable } from './firewall-table.ts';
import { parseIpv4Network, type Ipv4Network } from './ipv4-network.ts';
import { occupiedSlots, type AddressReader } from './machine-addresses.ts';
import { linkName, slotAddresses, slotCount } from './slot-addresses.ts';
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
  readonly #links: ContainerLinks;
  readonly #table: FirewallTable;

  private constructor(options: ContainerNetworkOptions, network: Ipv4Network) {
    const count = slotCount(network);
    this.#owner = options.owner;
    this.#network = network;
    this.#addresses = options.addresses;
    this.#logger = options.logger;
    this.#slots = new SlotPool(count, Number.parseInt(options.owner, 16) % count);
    this.#links = new ContainerLinks(options.owner);
    this.#table = new FirewallTable(options.owner, network);
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
    await this.#table.replace(egress);
    for (const { slot } of known) this.#slots.reserve(slot);
    const links = await this.#links.present();
    const wanted = new Set(known.map(({ slot }) => slot));
    const stray = [...links].filter((slot) => !wanted.has(slot));
    await this.#links.remove(stray);
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
    const networkNamespace = await namespaceOf(pid);
    try {
      // The container that had the slot before may be gone for such a short time that its link is not.
      await this.#links.remove([slot]);
      await this.#table.allowEgress(this.#link(slot), egress);
      const addresses = slotAddresses(this.#network, slot);
      // Nothing runs in the container yet, so the rules may arrive together with the link.
      const [missing] = await Promise.all([
        this.ensureRules(),
        this.#links.make(slot, addresses, networkNamespace),
      ]);
      if (missing) this.#logger.warn({}, 'something had removed the rules of container networks');
    } catch (error) {
      await this.#disconnect(slot).catch((err: unknown) => {
        this.#logger.warn({ slot, err }, 'what is left of a link could not be removed');
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
    return this.#table.ensure();
  }

  /**
   * Removes all rules and links of this launcher. For a launcher that ends for good: containers that still run lose
   * their connections.
   *
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  async removeAll(): Promise<void> {
    await this.#links.remove([...(await this.#links.present())]);
    await this.#table.remove();
    this.close();
  }

  /** Lets go of what runs for it; links and rules stay. */
  close(): void {
    this.#links.close();
    this.#table.close();
  }

  async #disconnect(slot: number): Promise<void> {
    await this.#links.remove([slot]);
    await this.#table.allowEgress(this.#link(slot), false);
  }

  #link(slot: number): string {
    return linkName(this.#owner, slot);
  }
}
