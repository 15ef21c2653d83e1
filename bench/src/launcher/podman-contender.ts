// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { portOf, type ContainerOrder, type Puller, type Starter } from './contender.ts';
import { firstAnswer, socketOf } from './first-answer.ts';
import { runCommand, startCommand, unlessEnded, type Command } from './run-command.ts';
import { serverArguments, SOCKET_MOUNT } from './server-image.ts';

/** What podman works with. */
export interface PodmanOptions {
  /** For its storage and settings. */
  readonly directory: string;
  /** For what a reboot would empty. */
  readonly runDir: string;
  /** Control group above those of the containers. */
  readonly cgroupParent: string;
  /** The server's image, on a registry. */
  readonly image: string;
  /** Belongs to the server's user. */
  readonly sockets: string;
}

/** Podman's command line, with a storage of its own and podman's defaults for containers. */
export class PodmanContender implements Puller {
  readonly name = 'podman pull';
  readonly #options: PodmanOptions;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(options: PodmanOptions, env: NodeJS.ProcessEnv) {
    this.#options = options;
    this.#env = env;
  }

  /** Writes its settings and gets the image of the server. */
  static async prepare(options: PodmanOptions): Promise<PodmanContender> {
    const { directory, runDir } = options;
    await mkdir(join(directory, 'networks'), { recursive: true });
    const files = {
      CONTAINERS_CONF: join(directory, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
    };
    await writeFile(files.CONTAINERS_CONF, containersConf(options, await openFilesLimit()));
    await writeFile(files.CONTAINERS_STORAGE_CONF, storageConf(directory, runDir));
    const podman = new PodmanContender(options, { ...process.env, ...files, TMPDIR: directory });
    await podman.pull(options.image);
    return podman;
  }

  async pull(reference: string): Promise<void> {
    await this.#podman('pull', '--quiet', '--tls-verify=false', reference);
  }

  async discard(reference: string): Promise<void> {
    await this.#podman('image', 'rm', '--force', reference);
  }

  /** `podman run`, whose containers have no network, or its usual one. */
  starter(network: 'none' | 'bridge'): Starter {
    const running = new Map<string, Command>();
    const { sockets } = this.#options;
    return {
      name: network === 'none' ? 'podman run --network none' : 'podman run',
      start: async (order) => {
        const { name } = order;
        const args = this.#runArguments(order, network);
        const command = startCommand('podman', args, this.#env);
        running.set(name, command);
        const socketPath = await unlessEnded(command, (signal) => socketOf(sockets, name, signal));
        const listener = { host: addressOf(order), port: portOf(order) };
        await firstAnswer(network === 'none' ? { socketPath } : listener, name);
      },
      remove: async ({ name }) => {
        const command = running.get(name);
        running.delete(name);
        // Left alone it waits for an exit code, which nobody may have written down, for twenty seconds.
        command?.child.kill('SIGKILL');
        await command?.ended.catch(() => undefined);
        await this.#podman('rm', '--force', '--time', '0', name);
      },
    };
  }

  #runArguments(order: ContainerOrder, network: 'none' | 'bridge'): readonly string[] {
    const { image, sockets } = this.#options;
    return [
      ...['run', '--name', order.name, '--volume', `${sockets}:${SOCKET_MOUNT}`],
      ...['--cgroup-parent', `${this.#options.cgroupParent}/podman-${order.name}`],
      ...(network === 'none' ? ['--network', 'none'] : ['--ip', addressOf(order)]),
      ...[image, ...serverArguments(order.name, portOf(order))],
    ];
  }

  #podman(...args: readonly string[]): Promise<string> {
    return runCommand('podman', args, this.#env);
  }
}

/** In podman's usual network, behind the addresses that it gives by itself. */
function addressOf({ place }: ContainerOrder): string {
  return `10.88.1.${String(place + 1)}`;
}

/** What podman's defaults ask for is more than some machines may give. */
async function openFilesLimit(): Promise<string> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  return /^Max open files\s+\S+\s+(\d+)/mu.exec(limits)?.[1] ?? '1024';
}

function containersConf({ directory, runDir }: PodmanOptions, openFiles: string): string {
  return `[containers]
default_ulimits = ["nofile=${openFiles}:${openFiles}", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
image_copy_tmp_dir = "storage"
static_dir = "${directory}/libpod"
volume_path = "${directory}/volumes"
tmp_dir = "${runDir}/tmp"
[network]
network_backend = "cni"
cni_plugin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]
network_config_dir = "${directory}/networks"
`;
}

function storageConf(directory: string, runDir: string): string {
  return `[storage]
driver = "overlay"
graphroot = "${directory}/storage"
runroot = "${runDir}/storage"
`;
}
