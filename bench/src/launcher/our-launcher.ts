// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHostPort, statusAnswerSchema, type ContainerStatus } from '@proofgate/api';
import { requestUnix, waitFor, type UnixAnswer } from '@proofgate/daemon';
import { portOf, type ContainerOrder, type Puller, type Starter } from './contender.ts';
import { firstAnswer, socketOf } from './first-answer.ts';
import { SERVER_RUN, SOCKET_MOUNT, serverArguments } from './server-image.ts';

/** A launcher that runs. */
export interface OurLauncherOptions {
  readonly engine: 'containerd' | 'podman';
  readonly dataDir: string;
  readonly runDir: string;
  /** The server's image, on a registry. */
  readonly image: string;
}

/** The launcher answers at once; ending a container takes seconds at most. */
const ANSWER_TIMEOUT_MS = 60_000;

/** A question costs less than a millisecond; one or two are asked. */
const ADDRESS_LOOK_MS = 2;

/** Some hundredths of a pull of a second, which is what it can be off by. */
const PULL_LOOK_MS = 20;

/** A large image on a slow disk. */
const PULL_LIMIT_MS = 120_000;

/** The one volume of all servers. */
const VOLUME = 'bench';

/** Our launcher as its users see it: asked by its management socket, reached at the address that its status tells. */
export class OurLauncher implements Starter, Puller {
  readonly name: string;
  readonly #options: OurLauncherOptions;

  constructor(options: OurLauncherOptions) {
    this.name = options.engine;
    this.#options = options;
  }

  /** Directory of the servers' sockets: a volume, so made by the first container. */
  get #sockets(): string {
    return join(this.#options.dataDir, 'volumes', VOLUME);
  }

  /**
   * Has everything started that the first container starts, and the server's image pulled. One container stays: an image
   * that nobody needs is removed.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    const order = { name: 'keeper', place: KEEPER_PLACE, signal };
    await this.#load(order, this.#options.image);
    await this.#reaches(order, ['running']);
  }

  async start(order: ContainerOrder): Promise<void> {
    await this.#load(order, this.#options.image);
    await socketOf(this.#sockets, order.name, order.signal);
    // Its program may be faster than the launcher learns that it has started.
    const address = await waitFor(async () => (await this.#status(order.name)).address, {
      ...{ timeoutMs: ANSWER_TIMEOUT_MS, intervalMs: ADDRESS_LOOK_MS, signal: order.signal },
      what: `the address of ${order.name}`,
    });
    await firstAnswer(parseHostPort(address), order.name);
  }

  async remove({ name, signal }: ContainerOrder): Promise<void> {
    await this.#ask('DELETE', `/api/v1/containers/${name}`, signal);
  }

  async pull(reference: string, signal: AbortSignal): Promise<void> {
    const order = { name: PULLED, place: PULLED_PLACE, signal };
    await this.#load(order, reference);
    await this.#reaches(order, ['starting', 'running']);
  }

  /** What nobody needs any more is removed some time after the container. */
  async discard(reference: string, signal: AbortSignal): Promise<void> {
    const order = { name: PULLED, place: PULLED_PLACE, signal };
    await this.#reaches(order, ['running', 'failed', 'stopped']);
    await this.remove(order);
    const manifest = reference.slice(reference.lastIndexOf(':') + 1);
    await waitFor(
      async () => !(await filesBelow(join(this.#options.dataDir, 'images'))).includes(manifest),
      {
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal,
        what: 'the removal of an image',
      },
    );
  }

  async #load(order: ContainerOrder, image: string): Promise<void> {
    const container = {
      name: order.name,
      image,
      internal: true,
      port: portOf(order),
      command: [...SERVER_RUN.Entrypoint, ...serverArguments(order.name, portOf(order))],
      volumes: [`${this.#sockets}:${SOCKET_MOUNT}`],
    };
    await this.#ask('POST', '/api/v1/containers', order.signal, container);
  }

  async #reaches({ name, signal }: ContainerOrder, states: readonly string[]): Promise<void> {
    await waitFor(
      async () => {
        const { status, error } = await this.#status(name);
        if (status === 'failed' && !states.includes(status)) throw new Error(error);
        return states.includes(status);
      },
      { timeoutMs: PULL_LIMIT_MS, intervalMs: PULL_LOOK_MS, signal, what: `${name} to be pulled` },
    );
  }

  async #status(name: string): Promise<ContainerStatus> {
    const { body } = await this.#ask('GET', '/api/v1/status');
    const found = statusAnswerSchema.parse(body).find((status) => status.name === name);
    if (found === undefined) throw new Error(`the launcher knows nothing of ${name}`);
    return found;
  }

  async #ask(
    method: string,
    path: string,
    signal?: AbortSignal,
    body?: unknown,
  ): Promise<UnixAnswer> {
    const answer = await requestUnix({
      socketPath: join(this.#options.runDir, 'launcher.sock'),
      ...{ method, path, timeoutMs: ANSWER_TIMEOUT_MS },
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  }
}

const PULLED = 'pulled';

/** No two workloads of a launcher have one port, although each has a network of its own. */
const KEEPER_PLACE = 1_000;
const PULLED_PLACE = 1_001;

async function filesBelow(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).map(
    (path) => path.split('/').at(-1) ?? '',
  );
}
