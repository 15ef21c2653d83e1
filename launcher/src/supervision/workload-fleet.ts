// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { ContainerConfig } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { EventLog } from '../measurement/event-log.ts';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import { Changes } from './changes.ts';
import { FleetMember, type MemberContext, type Serving } from './fleet-member.ts';
import type { Leftover } from './leftover.ts';
import type { RunningInstance, Runtime } from './runtime.ts';
import { dependents } from './start-order.ts';
import type { WorkloadRecords } from './workload-records.ts';
import type { SupervisionTiming } from './supervision-timing.ts';
import { summarize, type WorkloadSummary } from './workload-summary.ts';

/** What a fleet needs. */
export interface WorkloadFleetOptions {
  /** In the event log already. */
  readonly workloads: readonly PlannedWorkload[];
  readonly runtime: Runtime;
  readonly records: WorkloadRecords;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly timing: SupervisionTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called when what is to be served, or what is measured, has changed. */
  readonly onServing: () => void;
  /** Called when the workloads that are to be there have changed; awaited before the change takes effect. */
  readonly onLoaded: () => Promise<void>;
  /** Settles when nobody is served under an older state any more. */
  readonly superseded: () => Promise<void>;
  /** Settles when nobody new is sent to the version of a host that is retiring. */
  readonly switched: (hostname: string, signal: AbortSignal) => Promise<void>;
}

/** What an earlier launcher left running of one workload. */
export interface TakenOver {
  readonly instance: RunningInstance;
  /** Of its record. */
  readonly key: string;
  /** Versions that it has replaced. */
  readonly leftovers: readonly Leftover[];
}

/** All workloads of a launcher, each with versions and supervisors of its own. */
export class WorkloadFleet {
  readonly #options: WorkloadFleetOptions;
  readonly #context: MemberContext;
  readonly #members = new Map<string, FleetMember>();
  #stopping = false;

  constructor(options: WorkloadFleetOptions) {
    this.#options = options;
    const { runtime, records, log, logger, timing, random, superseded, switched } = options;
    this.#context = {
      ...{ runtime, records, log, logger, timing, random, superseded, switched },
      changes: new Changes(),
      publish: options.onServing,
      save: options.onLoaded,
      dependenciesUp: async ({ depends_on }, signal) => {
        const { changes } = this.#context;
        await changes.until(
          () => (this.#missing(depends_on).length > 0 ? undefined : true),
          signal,
        );
      },
    };
    for (const planned of options.workloads) this.#add(planned, true);
  }

  /**
   * Begins to supervise what already runs, makes it known, and starts the rest as soon as it may.
   *
   * @param taken - what already runs, by the name of its workload
   */
  start(taken: ReadonlyMap<string, TakenOver>): void {
    for (const [name, { instance, key, leftovers }] of taken) {
      const member = this.#members.get(name);
      member?.present.adopt(instance, key);
      for (const leftover of leftovers) member?.retire(leftover, this.#options.timing.stopGraceMs);
    }
    this.#options.onServing();
    for (const [name, member] of this.#members) if (!taken.has(name)) member.start();
  }

  /** Workloads as the log has them, in the order in which they were declared. */
  get loaded(): readonly PlannedWorkload[] {
    return [...this.#members.values()]
      .filter(({ present }) => present.logged)
      .map(({ present }) => present.planned);
  }

  /** Every workload, loaded or about to be. */
  get declared(): readonly ContainerConfig[] {
    return [...this.#members.values()].map(
      ({ next, present }) => (next ?? present).planned.measured.config,
    );
  }

  /** Where each workload is served, by its name. */
  get serving(): ReadonlyMap<string, Serving> {
    const entries = [...this.#members].flatMap(([name, { serving }]) =>
      serving === undefined ? [] : [[name, serving] as const],
    );
    return new Map(entries);
  }

  /** Every version of every workload of which something is here. */
  get versions(): readonly PlannedWorkload[] {
    return [...this.#members.values()].flatMap(({ versions }) =>
      versions.map(({ planned }) => planned),
    );
  }

  /** What is known about each workload, in the order in which they were declared. */
  list(): readonly WorkloadSummary[] {
    return [...this.#members.values()].map((member) => {
      const { status, planned } = member.present;
      const waits = status.state === 'pending' && status.lastExit === undefined;
      const missing = waits ? this.#missing(planned.measured.config.depends_on) : [];
      return summarize(member, missing);
    });
  }

  /** The running instance of a workload. */
  instanceOf(name: string): RunningInstance | undefined {
    return this.#members.get(name)?.present.supervisor.instance;
  }

  /** Whether there is a workload of this name, in whatever state. */
  has(name: string): boolean {
    return this.#members.has(name);
  }

  /**
   * Takes a workload in. What is there under its name goes on serving until this one can. Returns before anything is
   * fetched; the rest shows in {@link list}.
   *
   * @returns whether it replaces one
   * @throws LauncherError ERR_LAUNCHER_WORKLOAD_STATE when the launcher is about to end, or this workload is
   */
  load(planned: PlannedWorkload): boolean {
    if (this.#stopping) {
      throw new LauncherError('ERR_LAUNCHER_WORKLOAD_STATE', 'the launcher is about to end');
    }
    const { name } = planned.measured.config;
    const member = this.#members.get(name);
    if (member === undefined) {
      this.#add(planned, false).start();
      return false;
    }
    if (member.leaving) {
      const message = `workload ${name} is being unloaded, or could not be ended`;
      throw new LauncherError('ERR_LAUNCHER_WORKLOAD_STATE', message, {
        hint: 'unload it (again), and load it when it is gone',
      });
    }
    const wanted = (member.next ?? member.present).planned.measured;
    if (!isDeepStrictEqual(wanted, planned.measured)) member.replace(planned);
    return true;
  }

  /**
   * Ends a workload for good; nothing happens when there is none of this name.
   *
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED when another workload depends on it; ERR_LAUNCHER_STOP_FAILED
   */
  async unload(name: string): Promise<void> {
    const member = this.#members.get(name);
    if (member === undefined) return;
    const needing = dependents(this.declared).get(name) ?? [];
    if (needing.length > 0) {
      throw new LauncherError(
        'ERR_LAUNCHER_REQUEST_REFUSED',
        `${needing.join(', ')} cannot be without ${name}`,
        { seen: `depends_on of ${needing.join(', ')}`, hint: 'unload what depends on it first' },
      );
    }
    await member.unload();
    this.#members.delete(name);
    await this.#options.onLoaded();
    this.#options.onServing();
    this.#context.changes.notify();
  }

  /**
   * Ends the workloads, each after those that depend on it, and logs that each is gone. One that cannot be ended stays
   * in the log, and does not keep the others from ending.
   *
   * @throws AggregateError when something could not be ended or logged
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    const failures: unknown[] = [];
    const members = [...this.#members.values()].toReversed();
    const ends = this.#endAll(members);
    for (const member of members) {
      try {
        await ends.get(member);
        await member.logUnloaded();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'workloads could not be ended');
  }

  #endAll(members: readonly FleetMember[]): ReadonlyMap<FleetMember, Promise<void>> {
    const needing = dependents(this.declared);
    const ends = new Map<FleetMember, Promise<void>>();
    const end = (member: FleetMember): Promise<void> => {
      const known = ends.get(member);
      if (known !== undefined) return known;
      const first = (needing.get(member.name) ?? []).flatMap((name) => {
        const other = this.#members.get(name);
        return other === undefined ? [] : [end(other)];
      });
      // Also after one that could not be ended: it is no reason to leave more behind.
      const done = Promise.allSettled(first).then(() => member.stop());
      done.catch(() => undefined);
      ends.set(member, done);
      return done;
    };
    for (const member of members) void end(member);
    return ends;
  }

  #add(planned: PlannedWorkload, logged: boolean): FleetMember {
    const member = new FleetMember(planned, logged, this.#context);
    this.#members.set(member.name, member);
    return member;
  }

  /** Which of these workloads are not up, or not well where that can be known. */
  #missing(names: readonly string[]): readonly string[] {
    return names.filter((name) => this.#members.get(name)?.present.ready !== true);
  }
}
