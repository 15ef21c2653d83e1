// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { EventLog } from '../measurement/event-log.ts';
import type { WorkloadSummary } from '../management/management-socket.ts';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import type { InstanceRecord, RunningInstance, Runtime } from './runtime.ts';
import type { WorkloadRecords } from './workload-records.ts';
import { WorkloadSupervisor, type SupervisionTiming } from './workload-supervisor.ts';

/** What a fleet needs. */
export interface WorkloadFleetOptions {
  readonly workloads: readonly PlannedWorkload[];
  readonly runtime: Runtime;
  readonly records: WorkloadRecords;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly timing: SupervisionTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** All workloads of a launcher, each with a supervisor of its own. They are in the event log before they are here. */
export class WorkloadFleet {
  readonly #options: WorkloadFleetOptions;
  readonly #members: readonly {
    readonly planned: PlannedWorkload;
    readonly supervisor: WorkloadSupervisor;
  }[];

  constructor(options: WorkloadFleetOptions) {
    this.#options = options;
    this.#members = options.workloads.map((planned) => ({
      planned,
      supervisor: this.#supervisorOf(planned),
    }));
  }

  /**
   * Begins to supervise what already runs, and starts the rest as soon as it may.
   *
   * @param adopted - what already runs, by the name of its workload
   * @param superseded - settles when nobody is served under an older state any more: until then a new program would
   *   answer under the certificate of the one before it
   */
  start(adopted: ReadonlyMap<string, RunningInstance>, superseded: Promise<void>): void {
    for (const { planned, supervisor } of this.#members) {
      const instance = adopted.get(planned.measured.config.name);
      if (instance !== undefined) supervisor.start(instance);
      // A supervisor that has been stopped meanwhile starts nothing.
      else
        void superseded.then(() => {
          supervisor.start();
        });
    }
  }

  /** What is known about each workload, in the order of the config file. */
  list(): readonly WorkloadSummary[] {
    return this.#members.map(({ planned: { measured, root }, supervisor }) => ({
      ...supervisor.status(),
      imageRef: measured.imageRef,
      imageDigest: measured.imageDigest,
      specDigest: measured.specDigest,
      configRoot: root,
    }));
  }

  /**
   * Ends the workloads, the last one of the config file first, and logs that each is gone. One that cannot be ended
   * stays in the log, and does not keep the others from ending.
   *
   * @throws AggregateError when something could not be ended or logged
   */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const { planned, supervisor } of this.#members.toReversed()) {
      try {
        await supervisor.stop();
        const { name } = planned.measured.config;
        await this.#options.log.record({ type: 'proofgate.workload.unload', name });
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'workloads could not be ended');
  }

  #supervisorOf({ measured }: PlannedWorkload): WorkloadSupervisor {
    const { runtime, timing, random } = this.#options;
    const logger = this.#options.logger.child({ workload: measured.config.name });
    return new WorkloadSupervisor(measured, {
      runtime,
      timing,
      random,
      logger,
      remember: async (record) => {
        // Without a record the workload still runs, and the next launcher finds it by its log.
        await this.#remember(measured, record).catch((error: unknown) => {
          logger.error({ err: error }, 'running workloads cannot be recorded');
        });
      },
    });
  }

  async #remember(
    { config, imageDigest, specDigest }: PlannedWorkload['measured'],
    instance: InstanceRecord | undefined,
  ): Promise<void> {
    const { name } = config;
    if (instance === undefined) await this.#options.records.remove(name);
    else await this.#options.records.put({ name, imageDigest, specDigest, instance });
  }
}
