// SPDX-License-Identifier: Apache-2.0
import type {
  ContainerEngine,
  EngineContainer,
  EngineExit,
} from '../../src/container/container-engine.ts';
import { LauncherError } from '../../src/errors.ts';

/** An engine with containers that do nothing, which goes away and comes back as a test says. */
export class FakeEngine implements ContainerEngine {
  readonly kind = 'containerd';
  readonly features = { oomReports: true, userNamespaces: true, checkedBeforeStart: true };
  /** Signals that were sent, and what else was done. */
  readonly done: string[] = [];
  /** How a container ends when it gets this signal; others are ignored. */
  exits = new Map<number, EngineExit>([[9, { code: 137, outOfMemory: false }]]);
  #down = false;
  #end: ((exit: EngineExit) => void) | undefined;
  readonly #exit: Promise<EngineExit>;

  constructor() {
    this.#exit = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Whether it does not answer. */
  set down(down: boolean) {
    this.#down = down;
  }

  /** Its container ends. */
  end(exit: EngineExit): void {
    this.#end?.(exit);
  }

  wait(): Promise<EngineExit> {
    this.#answer('wait');
    return this.#exit;
  }

  async kill(_id: string, signal: number, all: boolean): Promise<void> {
    this.#answer(`kill ${String(signal)}${all ? ' all' : ''}`);
    const exit = this.exits.get(signal);
    if (exit !== undefined) this.end(exit);
    return Promise.resolve();
  }

  async remove(): Promise<void> {
    this.#answer('remove');
    return Promise.resolve();
  }

  version(): Promise<string> {
    return Promise.resolve('1');
  }

  unpack(): Promise<void> {
    return this.#unused();
  }

  images(): Promise<readonly string[]> {
    return this.#unused();
  }

  removeImage(): Promise<void> {
    return this.#unused();
  }

  create(): Promise<EngineContainer> {
    return this.#unused();
  }

  start(): Promise<void> {
    return this.#unused();
  }

  attachLogs(): Promise<void> {
    return this.#unused();
  }

  inspect(): Promise<undefined> {
    return this.#unused();
  }

  list(): Promise<readonly EngineContainer[]> {
    return this.#unused();
  }

  exec(): Promise<never> {
    return this.#unused();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer(what: string): void {
    if (this.#down) {
      this.done.push(`no answer to ${what}`);
      throw new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', 'the engine is down');
    }
    this.done.push(what);
  }

  #unused(): Promise<never> {
    return Promise.reject(new Error('not what this test is about'));
  }
}
