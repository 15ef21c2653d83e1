// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import type { EventLog } from '../measurement/event-log.ts';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import { abortable } from './changes.ts';
import type { Leftover } from './leftover.ts';
import { MemberLog } from './member-log.ts';
import { SupervisedVersion, type VersionContext } from './supervised-version.ts';

/** What the versions of a workload need. */
export interface MemberVersionsContext extends VersionContext {
  readonly log: EventLog;
  /** Makes what the fleet serves now the state that the proxy is to have. */
  readonly publish: () => void;
  /** Settles when nobody is served under an older state any more. */
  readonly superseded: () => Promise<void>;
  /** Settles when everything that a workload depends on is up. */
  readonly dependenciesUp: (config: ContainerConfig, signal: AbortSignal) => Promise<void>;
  /** Writes down which workloads the next launcher is to have. */
  readonly save: () => Promise<void>;
}

/** Whose versions they are. */
export interface VersionsOwner {
  readonly name: string;
  /** Aborted when all of them are to end. */
  readonly over: AbortSignal;
  /** Whether it is the one that serves, or is to. */
  readonly isPresent: (version: SupervisedVersion) => boolean;
}

/** Makes and ends the versions of one workload, so that the event log names each from before its start until after its end. */
export class MemberVersions {
  readonly #owner: VersionsOwner;
  readonly #context: MemberVersionsContext;
  readonly #log: MemberLog;

  constructor(owner: VersionsOwner, context: MemberVersionsContext) {
    this.#owner = owner;
    this.#context = context;
    this.#log = new MemberLog(owner.name, context.log);
  }

  /** All of which something is here. */
  get all(): readonly SupervisedVersion[] {
    return this.#log.versions;
  }

  /**
   * Makes one; it is not started.
   *
   * @param logged - whether the event log says already that it is loaded
   * @param trial - whether its first end is the last
   */
  make(
    planned: PlannedWorkload,
    { logged, trial = false }: { readonly logged: boolean; readonly trial?: boolean },
  ): SupervisedVersion {
    const version: SupervisedVersion = new SupervisedVersion(
      {
        planned,
        logged,
        trial,
        beforeFirstStart: (signal) => this.#admit(version, signal),
        onServable: () => {
          if (this.#owner.isPresent(version)) this.#context.publish();
        },
      },
      this.#context,
    );
    this.#log.add(version);
    return version;
  }

  /** Lets another one be in the log in the place of one that has ended. */
  async exchange(before: SupervisedVersion, after: SupervisedVersion): Promise<void> {
    this.#log.remove(before);
    before.logged = false;
    after.logged = true;
    await this.#log.relog();
  }

  /** Ends one that nobody is sent to, and takes it out of the log. */
  async end(version: SupervisedVersion): Promise<void> {
    await version.supervisor.stop();
    this.#log.remove(version);
    if (version.logged && !this.#log.describes(version)) {
      await this.#log.relog();
      this.#context.publish();
    }
    version.logged = false;
    // Its address may be another workload's only when nobody is sent there any more.
    const released = this.#context.superseded().then(() => this.release(version));
    await abortable(released, this.#owner.over).catch(() => undefined);
  }

  /** Ends one that was never in the log. */
  async discard(version: SupervisedVersion): Promise<void> {
    await version.supervisor.stop();
    this.#log.remove(version);
    await this.release(version);
  }

  /** Ends all. @throws LauncherError ERR_LAUNCHER_STOP_FAILED when something cannot be ended */
  async stopAll(): Promise<void> {
    const results = await Promise.allSettled(this.all.map(({ supervisor }) => supervisor.stop()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Gives back what they have kept from one start to the next. */
  async releaseAll(): Promise<void> {
    for (const version of this.all) await this.release(version);
  }

  /** Gives back what one has kept. */
  async release({ planned: { measured } }: SupervisedVersion): Promise<void> {
    const { runtime, logger } = this.#context;
    await runtime.release(measured).catch((error: unknown) => {
      logger.error({ workload: this.#owner.name, err: error }, 'something is left of it');
    });
  }

  /** Says in the log that all of them are gone. */
  async logUnloaded(): Promise<void> {
    await this.#log.unload();
  }

  /** Keeps in the log what an earlier launcher has left. */
  keep(leftover: Leftover): void {
    this.#log.add(leftover);
  }

  /** Ends what an earlier launcher has left. */
  async endLeftover(leftover: Leftover, graceMs: number): Promise<void> {
    await leftover.instance.stop(graceMs);
    await leftover.forget();
    this.#log.remove(leftover);
    await this.#log.relog();
    this.#context.publish();
  }

  /** What has to be true before a version starts for the first time. */
  async #admit(version: SupervisedVersion, signal: AbortSignal): Promise<void> {
    const { dependenciesUp, save, publish, runtime, superseded } = this.#context;
    const { config } = version.planned.measured;
    await dependenciesUp(config, signal);
    if (!version.logged) {
      signal.throwIfAborted();
      await this.#log.load(version);
      if (this.#owner.isPresent(version)) await save();
    }
    publish();
    if (runtime.listenerOf(config) === undefined) return;
    // Until then this program would answer under the certificate of the one before it.
    await abortable(superseded(), signal);
  }
}
