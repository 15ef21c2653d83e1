// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { EventLog } from '../measurement/event-log.ts';
import type { Leftover } from './leftover.ts';
import type { SupervisedVersion } from './supervised-version.ts';

/** What is here of one workload, and what the event log says of it: both name everything that may run. */
export class MemberLog {
  readonly #name: string;
  readonly #log: EventLog;
  readonly #versions = new Set<SupervisedVersion>();
  readonly #leftovers = new Set<Leftover>();

  constructor(name: string, log: EventLog) {
    this.#name = name;
    this.#log = log;
  }

  /** All versions of which something is here. */
  get versions(): readonly SupervisedVersion[] {
    return [...this.#versions];
  }

  /** Takes in what is in the log, or is to be once it is recorded. */
  add(part: SupervisedVersion | Leftover): void {
    if ('instance' in part) this.#leftovers.add(part);
    else this.#versions.add(part);
  }

  /** Lets go of what has ended; the log has it until {@link relog}. */
  remove(part: SupervisedVersion | Leftover): void {
    if ('instance' in part) this.#leftovers.delete(part);
    else this.#versions.delete(part);
  }

  /** Whether the log need not be changed for this: another version, or what is left of one, is described in the same way. */
  describes({ planned }: SupervisedVersion): boolean {
    return this.#events().some((event) => isDeepStrictEqual(event, planned.event));
  }

  /** Says that a version is about to start. */
  async load(version: SupervisedVersion): Promise<void> {
    if (!this.describes(version)) await this.#log.record(version.planned.event);
    version.logged = true;
  }

  /** Says that all of it is gone. */
  async unload(): Promise<void> {
    if (!this.versions.some(({ logged }) => logged)) return;
    await this.#log.record(this.#unloaded());
    for (const version of this.#versions) version.logged = false;
  }

  /**
   * Makes the log name exactly what is loaded. The format can only unload a name as a whole, so what stays is loaded
   * again in the same step.
   */
  async relog(): Promise<void> {
    await this.#log.record(this.#unloaded(), ...this.#events());
  }

  #unloaded(): RuntimeEvent {
    return { type: 'proofgate.workload.unload', name: this.#name };
  }

  /** What the log has to say, each once: two versions may differ in what is not measured alone. */
  #events(): readonly RuntimeEvent[] {
    const all = [
      ...[...this.#leftovers].flatMap(({ events }) => events),
      ...this.versions.flatMap(({ logged, planned }) => (logged ? [planned.event] : [])),
    ];
    return all.filter(
      (event, at) => all.findIndex((other) => isDeepStrictEqual(other, event)) === at,
    );
  }
}
