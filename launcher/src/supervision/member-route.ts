// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import { abortable } from './changes.ts';
import { pause } from './pause.ts';
import type { SupervisionTiming } from './supervision-timing.ts';
import { untilQuiet } from './until-quiet.ts';

/** What a route needs of its fleet. */
export interface RouteContext {
  /** Makes what the fleet serves now the state that the proxy is to have. */
  readonly publish: () => void;
  /** Settles when nobody is served under an older state any more. */
  readonly superseded: () => Promise<void>;
  readonly timing: Pick<SupervisionTiming, 'drainMs' | 'quietMs'>;
}

/** Where those are who were sent to what a workload has lost its place to. */
export class MemberRoute {
  readonly #context: RouteContext;
  /** Ends every wait: nobody needs to know any more. */
  readonly #over: AbortSignal;
  #leftover: HostPort | undefined;
  #former: HostPort | undefined;

  constructor(context: RouteContext, over: AbortSignal) {
    this.#context = context;
    this.#over = over;
  }

  /** What the proxy may go on serving until it can serve the present version; clients are nowhere else. */
  get retiring(): HostPort | undefined {
    // As long as clients are with what an earlier launcher has left, they have never been with what replaced it.
    return this.#leftover ?? this.#former;
  }

  /** Whether clients may still be with what an earlier launcher has left. */
  get hasLeftover(): boolean {
    return this.#leftover !== undefined;
  }

  /** An earlier launcher has left something here. */
  leave(address: HostPort | undefined): void {
    this.#leftover = address;
  }

  /** The version here is to lose its place, or has. */
  retire(address: HostPort | undefined): void {
    this.#former = address;
  }

  /** Those who were sent to the former version finish there; then nobody is sent there any more. */
  async drainFormer(): Promise<void> {
    await this.#drain(this.#former, () => {
      this.#former = undefined;
    });
  }

  /** The same for what an earlier launcher has left. */
  async drainLeftover(address: HostPort | undefined): Promise<void> {
    await this.#drain(address, () => {
      if (this.#leftover === address) this.#leftover = undefined;
    });
  }

  async #drain(address: HostPort | undefined, forget: () => void): Promise<void> {
    const { superseded, timing, publish } = this.#context;
    await pause(timing.drainMs, this.#over);
    forget();
    publish();
    await abortable(superseded(), this.#over).catch(ignore);
    if (address !== undefined) await untilQuiet(address, timing.quietMs, this.#over);
  }
}

/** The signal has ended a wait whose end nobody needs any more. */
function ignore(): void {
  // Nothing to be done.
}
