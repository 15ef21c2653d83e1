// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandShell } from '../container/command-shell.ts';
import { makeFifos } from './fifo.ts';

/** Named pipes for the output of one process. */
export interface OutputPipes {
  readonly stdout: string;
  readonly stderr: string;
}

/** The files that the launcher has for each container, on a file system that a reboot empties. */
export class ContainerFiles {
  readonly #directory: string;
  readonly #shell: CommandShell = new CommandShell();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the output of a container goes; a later launcher finds the pipes in the same place. */
  pipesOf(id: string, process = 'main'): OutputPipes {
    const base = join(this.#directory, id, process);
    return { stdout: `${base}.out`, stderr: `${base}.err` };
  }

  /** Makes the pipes of a new container. */
  async make(id: string): Promise<OutputPipes> {
    await mkdir(join(this.#directory, id), { recursive: true, mode: 0o700 });
    return this.makePipes(id);
  }

  /** Makes the pipes of one process of a container that has been made. */
  async makePipes(id: string, process?: string): Promise<OutputPipes> {
    const pipes = this.pipesOf(id, process);
    await makeFifos(this.#shell, [pipes.stdout, pipes.stderr]);
    return pipes;
  }

  /** Removes the pipes of one process of a container. */
  async removePipes(id: string, process: string): Promise<void> {
    const { stdout, stderr } = this.pipesOf(id, process);
    await rm(stdout, { force: true });
    await rm(stderr, { force: true });
  }

  /** Removes all files of a container. */
  async remove(id: string): Promise<void> {
    await rm(join(this.#directory, id), { recursive: true, force: true });
  }

  /** Lets go of what makes pipes; the next ones are made by another. */
  close(): void {
    this.#shell.close();
  }
}
