// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { LauncherError } from '../../errors.ts';
import { CommandShell } from '../command-shell.ts';
import {
  containerLinkCommands,
  hostLinkCommands,
  linkRemovalCommands,
  type LinkPlan,
} from './link-commands.ts';
import { runProgram } from './run-program.ts';
import { linkName, slotOfLink, type SlotAddresses } from './slot-addresses.ts';

const IPV6_SETTINGS = '/proc/sys/net/ipv6';

/** The links of one launcher: of each, one end is in the VM, the other in a container. They live in the kernel alone. */
export class ContainerLinks {
  readonly #owner: string;
  readonly #shell = new CommandShell();

  /** @param owner - eight hex digits that tell launchers on one machine apart */
  constructor(owner: string) {
    this.#owner = owner;
  }

  /** Slots of those that exist. */
  async present(): Promise<ReadonlySet<number>> {
    // One line for each link of this process's network namespace, behind two lines of headings (proc(5)).
    const lines = (await readFile('/proc/self/net/dev', 'utf8')).split('\n').slice(2);
    const names = lines.map((line) => line.slice(0, line.indexOf(':')).trim());
    return new Set(names.flatMap((name) => slotOfLink(this.#owner, name) ?? []));
  }

  /**
   * Makes one; there is none of its slot.
   *
   * @param networkNamespace - path of the container's, as {@link namespaceOf} gives it
   * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED
   */
  async make(slot: number, addresses: SlotAddresses, networkNamespace: string): Promise<void> {
    const link = linkName(this.#owner, slot);
    const plan: LinkPlan = { link, addresses, networkNamespace, ipv6: existsSync(IPV6_SETTINGS) };
    const args = ['-batch', '-'];
    await runProgram(this.#shell, { program: 'ip', args, input: hostLinkCommands(plan) });
    await runProgram(this.#shell, {
      program: 'nsenter',
      args: [`--net=${networkNamespace}`, 'ip', ...args],
      input: containerLinkCommands(plan),
    });
  }

  /** Removes those that exist; it is no error when they do not. */
  async remove(slots: readonly number[]): Promise<void> {
    const present = await this.present();
    const links = slots.filter((slot) => present.has(slot));
    if (links.length === 0) return;
    // A link that goes with its namespace meanwhile makes the command fail, and the others are still to be removed.
    const args = ['-force', '-batch', '-'];
    const input = linkRemovalCommands(links.map((slot) => linkName(this.#owner, slot)));
    const failure: unknown = await runProgram(this.#shell, {
      ...{ program: 'ip', args, input },
    }).catch((error: unknown) => error);
    const left = await this.present();
    if (slots.some((slot) => left.has(slot))) throw failure;
  }

  /** Lets go of what runs for it; the links stay. */
  close(): void {
    this.#shell.close();
  }
}

/**
 * Finds the network namespace of a container.
 *
 * @param pid - its first process
 * @returns path of the namespace
 * @throws LauncherError ERR_LAUNCHER_NETWORK_FAILED when it has ended, or has none of its own: it would get a second link
 *   into the VM
 */
export async function namespaceOf(pid: number): Promise<string> {
  const path = `/proc/${String(pid)}/ns/net`;
  const namespace = await readlink(path).catch((cause: unknown) => {
    const message = `${path} does not exist: the container has ended`;
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { cause });
  });
  if (namespace === (await readlink('/proc/self/ns/net'))) {
    const message = 'a container has no network namespace of its own';
    throw new LauncherError('ERR_LAUNCHER_NETWORK_FAILED', message, { seen: path });
  }
  return path;
}
