// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import type { Changes } from './changes.ts';
import type { RunningInstance, Runtime } from './runtime.ts';
import type { SupervisionTiming } from './supervision-timing.ts';
import type { WorkloadRecords } from './workload-records.ts';
import { isUp, type WorkloadStatus } from './workload-status.ts';
import { WorkloadSupervisor, type SupervisorOptions } from './workload-supervisor.ts';
import type { Logger } from '@proofgate/daemon';

/** What every version of a workload needs. */
export interface VersionContext {
  readonly runtime: Runtime;
  readonly records: WorkloadRecords;
  readonly logger: Logger;
  readonly timing: SupervisionTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told about every change of every version. */
  readonly changes: Changes;
}

/** What makes one version differ from another. */
export interface VersionOptions extends Pick<SupervisorOptions, 'beforeFirstStart' | 'trial'> {
  readonly planned: PlannedWorkload;
  /** Whether the event log says that it is loaded. */
  readonly logged: boolean;
  /** Called once: it could serve for the first time. */
  readonly onServable: () => void;
}

/** One version of a workload: what it is, and who keeps it running. */
export class SupervisedVersion {
  readonly planned: PlannedWorkload;
  readonly supervisor: WorkloadSupervisor;
  /** Whether the event log says that it is loaded. */
  logged: boolean;
  readonly #runtime: Runtime;
  #key: string;
  #servable = false;

  constructor(options: VersionOptions, context: VersionContext) {
    const { planned, onServable, beforeFirstStart, trial } = options;
    const { measured } = planned;
    const { config, imageDigest, specDigest } = measured;
    const { records, runtime, timing, random, changes } = context;
    const logger = context.logger.child({ workload: config.name });
    this.planned = planned;
    this.logged = options.logged;
    this.#runtime = runtime;
    this.#key = records.newKey();
    this.supervisor = new WorkloadSupervisor(measured, {
      runtime,
      timing,
      random,
      logger,
      ...(beforeFirstStart === undefined ? {} : { beforeFirstStart }),
      ...(trial === undefined ? {} : { trial }),
      onChange: () => {
        if (!this.#servable && canServe(this.supervisor.status(), planned)) {
          this.#servable = true;
          onServable();
        }
        changes.notify();
      },
      remember: async (instance) => {
        const remembered =
          instance === undefined
            ? records.remove(this.#key)
            : records.put(this.#key, { name: config.name, imageDigest, specDigest, instance });
        // Without a record the workload still runs, and the next launcher finds it by its log or its labels.
        await remembered.catch((error: unknown) => {
          logger.error({ err: error }, 'running workloads cannot be recorded');
        });
      },
    });
  }

  /** Goes on with what an earlier launcher has started and those who were sent to it still reach. */
  adopt(instance: RunningInstance, key: string): void {
    this.#key = key;
    this.#servable = true;
    this.supervisor.start(instance);
  }

  /** What is known about it now. */
  get status(): WorkloadStatus {
    return this.supervisor.status();
  }

  /** Where it answers: known before the first start when it shares the VM's network, else from then on. */
  get address(): HostPort | undefined {
    const { config } = this.planned.measured;
    return this.supervisor.status().address ?? this.#runtime.listenerOf(config)?.address;
  }

  /** Whether somebody may be sent to it, which stays so when it is started again. */
  get servable(): boolean {
    const { config } = this.planned.measured;
    return this.#servable || (this.logged && this.#runtime.listenerOf(config) !== undefined);
  }

  /** Whether it can serve at this moment, as far as its health check tells. */
  get ready(): boolean {
    return canServe(this.status, this.planned);
  }
}

function canServe({ state }: WorkloadStatus, { measured }: PlannedWorkload): boolean {
  return measured.config.health_check === undefined ? isUp(state) : state === 'healthy';
}
