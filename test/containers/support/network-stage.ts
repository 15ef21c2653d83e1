// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createLogger } from '@proofgate/daemon';
import {
  ContainerNetwork,
  type ContainerNetworkOptions,
  type NetworkAttachment,
} from '../../../launcher/src/container/network/container-network.ts';
import { namespaceMaker, type NetworkNamespace } from './network-namespace.ts';

/** A launcher's network. */
export const OPTIONS: ContainerNetworkOptions = {
  owner: 'c0ffee01',
  network: '10.92.0.0/16',
  addresses: networkInterfaces,
  logger: createLogger({ name: 'test', level: 'silent' }),
};

/** Documentation addresses (RFC 5737, RFC 3849): the machine's uplink, and what is beyond it. */
export const MACHINE = '198.51.100.1';
export const WORLD = '198.51.100.2';
export const MACHINE_IPV6 = '2001:db8::1';
export const WORLD_IPV6 = '2001:db8::2';
/** Also beyond it, as clouds have it. */
export const METADATA = '169.254.169.254';
/** Where everything serves. */
export const PORT = 8080;

/** A container: a namespace with a program in it, and a place in the network. */
export interface NetworkedContainer extends NetworkNamespace {
  readonly slot: number;
  readonly address: string;
  /** The machine's end of its link. */
  readonly gateway: string;
}

/** A machine with services, an uplink, and a world beyond it. */
export interface NetworkStage {
  readonly world: NetworkNamespace;
  /** Opens a launcher's network, which is removed in the end. */
  open(
    options?: ContainerNetworkOptions,
    known?: readonly NetworkAttachment[],
  ): Promise<ContainerNetwork>;
  /** A namespace that is closed in the end. */
  namespace(): Promise<NetworkNamespace>;
  start(network: ContainerNetwork, egress: boolean): Promise<NetworkedContainer>;
  /** From the machine itself, as the proxy does it. */
  machineReaches(address: string): Promise<string>;
  /** Removes what a test has made. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Sets the stage; only in a network namespace made for tests. */
export async function networkStage(): Promise<NetworkStage> {
  const maker = await namespaceMaker();
  const world = await maker.make();
  ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'w0', 'netns', String(world.pid));
  ip('address', 'add', `${MACHINE}/24`, 'dev', 'up0');
  ip('address', 'add', `${MACHINE_IPV6}/64`, 'dev', 'up0', 'nodad');
  ip('link', 'set', 'up0', 'up');
  ip('route', 'add', 'default', 'via', WORLD);
  world.ip('link', 'set', 'lo', 'up');
  world.ip('address', 'add', `${WORLD}/24`, 'dev', 'w0');
  world.ip('address', 'add', `${METADATA}/32`, 'dev', 'lo');
  world.ip('address', 'add', `${WORLD_IPV6}/64`, 'dev', 'w0', 'nodad');
  world.ip('link', 'set', 'w0', 'up');
  world.ip('route', 'add', 'default', 'via', MACHINE_IPV6);
  await world.serve('::', PORT);
  const service = createServer((socket) => socket.on('error', () => undefined).end());
  await new Promise<void>((resolve) => service.listen(PORT, '::', resolve));

  const opened: { close: () => Promise<void> }[] = [];
  const namespace = async (): Promise<NetworkNamespace> => {
    const made = await maker.make();
    opened.push(made);
    return made;
  };
  const clear = async (): Promise<void> => {
    while (opened.length > 0) await opened.pop()!.close();
  };
  return {
    world,
    namespace,
    clear,
    machineReaches,
    open: async (options = OPTIONS, known = []) => {
      const network = await ContainerNetwork.open(options, known);
      opened.push({ close: () => network.removeAll() });
      return network;
    },
    start: async (network, egress) => {
      const made = await namespace();
      const slot = network.takeSlot();
      await network.attach(made.pid, { slot, egress });
      await made.serve('0.0.0.0', PORT);
      const address = network.addressOf(slot);
      const last = Number(address.split('.').at(-1));
      return { ...made, slot, address, gateway: address.replace(/\d+$/, String(last - 1)) };
    },
    close: async () => {
      await clear();
      await new Promise((resolve) => service.close(resolve));
      // It would go with the namespace, but only after a while.
      ip('link', 'delete', 'up0');
      await world.close();
      await maker.close();
    },
  };
}

/** Runs `ip` on the machine. */
export function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}

/** All firewall rules of the machine. */
export function rules(): string {
  return execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
}

/** The machine's ends of containers' links. */
export function links(): readonly string[] {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
  const names = lines.map((line) => line.slice(0, line.indexOf(':')).trim());
  return names.filter((name) => name.startsWith('pg'));
}

/** Makes attempts all at once, because a blocked packet takes its time. */
export async function results(
  attempts: Readonly<Record<string, () => Promise<string>>>,
): Promise<Record<string, string>> {
  const entries = Object.entries(attempts).map(
    async ([name, attempt]) => [name, await attempt()] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function machineReaches(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(PORT, address);
    socket.once('connect', () => {
      resolve('open');
      socket.destroy();
    });
    socket.once('error', (error) => {
      resolve(String(error));
    });
  });
}
