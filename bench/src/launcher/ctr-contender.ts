// SPDX-License-Identifier: Apache-2.0
import { portOf, type ContainerOrder, type Puller, type Starter } from './contender.ts';
import { firstAnswer, socketOf } from './first-answer.ts';
import { runCommand, startCommand, unlessEnded, type Command } from './run-command.ts';
import { SERVER_RUN, serverArguments, SOCKET_MOUNT } from './server-image.ts';

/** What `ctr` works with. */
export interface CtrOptions {
  /** Socket of a containerd: the launcher's own, in a namespace of ours. */
  readonly containerd: string;
  /** Control group above those of the containers. */
  readonly cgroupParent: string;
  /** The server's image, on a registry. */
  readonly image: string;
  /** Belongs to the server's user. */
  readonly sockets: string;
}

const NAMESPACE = 'bench';

/** `ctr`, containerd's own client, which starts containers with few of the limits and checks that the launcher's have. */
export class CtrContender implements Puller {
  readonly name = 'ctr image pull';
  readonly #options: CtrOptions;

  constructor(options: CtrOptions) {
    this.#options = options;
  }

  /** Gets the image of the server. */
  async prepare(): Promise<void> {
    await this.pull(this.#options.image);
  }

  async pull(reference: string): Promise<void> {
    await this.#ctr('image', 'pull', '--plain-http', reference);
  }

  async discard(reference: string): Promise<void> {
    await this.#ctr('image', 'rm', '--sync', reference);
  }

  /** `ctr run`, whose containers have no network, or that of the machine. */
  starter(network: 'none' | 'host'): Starter {
    const running = new Map<string, Command>();
    const { sockets } = this.#options;
    return {
      name: network === 'none' ? 'ctr run' : 'ctr run --net-host',
      start: async (order) => {
        const { name } = order;
        const command = startCommand('ctr', this.#runArguments(order, network));
        running.set(name, command);
        const socketPath = await unlessEnded(command, (signal) => socketOf(sockets, name, signal));
        const port = portOf(order);
        await firstAnswer(network === 'none' ? { socketPath } : { host: '127.0.0.1', port }, name);
      },
      remove: async ({ name }) => {
        const command = running.get(name);
        running.delete(name);
        await this.#ctr('task', 'kill', '--signal', 'SIGKILL', name);
        // It ends with the status of what was killed.
        await command?.ended.catch(() => undefined);
      },
    };
  }

  #runArguments(order: ContainerOrder, network: 'none' | 'host'): readonly string[] {
    const { cgroupParent, image, sockets } = this.#options;
    const mount = `type=bind,src=${sockets},dst=${SOCKET_MOUNT},options=rbind:rw`;
    return [
      ...this.#globalArguments(),
      ...['run', '--rm', '--cgroup', `${cgroupParent}/ctr-${order.name}`, '--mount', mount],
      ...(network === 'host' ? ['--net-host'] : []),
      ...[image, order.name],
      ...SERVER_RUN.Entrypoint,
      ...serverArguments(order.name, portOf(order)),
    ];
  }

  #ctr(...args: readonly string[]): Promise<string> {
    return runCommand('ctr', [...this.#globalArguments(), ...args]);
  }

  #globalArguments(): readonly string[] {
    return ['--address', this.#options.containerd, '--namespace', NAMESPACE];
  }
}
