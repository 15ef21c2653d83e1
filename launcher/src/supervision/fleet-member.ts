// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { ContainerConfig, HostPort } from '@proofgate/api';
import type { EventLog } from '../measurement/event-log.ts';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import { abortable } from './changes.ts';
import { loadedEvents } from './loaded-events.ts';
import { OneByOne } from './one-by-one.ts';
import { pause } from './pause.ts';
import { isSwitched, slowSwitch } from './route-switch.ts';
import { untilQuiet } from './until-quiet.ts';
import type { RunningInstance } from './runtime.ts';
import { ReplacementProblem, standTrial } from './replacement-trial.ts';
import { SupervisedVersion, type VersionContext } from './supervised-version.ts';

/** What the members of a fleet share. */
export interface MemberContext extends VersionContext {
  readonly log: EventLog;
  /** Makes what the fleet serves now the state that the proxy is to have. */
  readonly publish: () => void;
  /** Settles when nobody is served under an older state any more. */
  readonly superseded: () => Promise<void>;
  /** Settles when nobody new is sent to the version of a host that is retiring. */
  readonly switched: (hostname: string, signal: AbortSignal) => Promise<void>;
  /** Settles when everything that a workload depends on is up. */
  readonly dependenciesUp: (config: ContainerConfig, signal: AbortSignal) => Promise<void>;
  /** Writes down which workloads the next launcher is to have. */
  readonly save: () => Promise<void>;
}

/** Where a workload is served. */
export interface Serving {
  readonly address: HostPort;
  /** Where the version before it still is, for those who were sent there. */
  readonly retiring: HostPort | undefined;
}

/** What an earlier launcher had put another version in the place of, and did not live to end. */
export interface Leftover {
  readonly instance: RunningInstance;
  /** Forgets it once it has been ended. */
  readonly forget: () => Promise<void>;
}

/** A proxy that hangs must not keep a workload from being unloaded: clients then find nobody. */
const LEAVE_WAIT_MS = 5_000;

/** The versions of one workload: the one that serves, one that is to take its place, one that has lost it. */
export class FleetMember {
  readonly name: string;
  readonly #context: MemberContext;
  readonly #versions = new Set<SupervisedVersion>();
  #present: SupervisedVersion;
  #next: SupervisedVersion | undefined;
  #retiring: HostPort | undefined;
  #problem: ReplacementProblem | undefined;
  #leaving = false;
  /** One change after the other. */
  readonly #turn = new OneByOne();
  #attempt = new AbortController();
  readonly #over = new AbortController();

  /**
   * @param planned - what it is
   * @param logged - whether the event log says already that it is loaded
   */
  constructor(planned: PlannedWorkload, logged: boolean, context: MemberContext) {
    this.name = planned.measured.config.name;
    this.#context = context;
    this.#present = this.#newVersion(planned, { logged });
  }

  /** The version that serves, or is to. */
  get present(): SupervisedVersion {
    return this.#present;
  }

  /** A version that is being made ready to replace it. */
  get next(): SupervisedVersion | undefined {
    return this.#next;
  }

  /** Why the last replacement was given up. */
  get problem(): ReplacementProblem | undefined {
    return this.#problem;
  }

  /** Whether it is being ended for good, or could not be. */
  get leaving(): boolean {
    return this.#over.signal.aborted;
  }

  /** All versions of which something is here. */
  get versions(): readonly SupervisedVersion[] {
    return [...this.#versions];
  }

  /** Where it is served; `undefined` when nobody may be sent to it. */
  get serving(): Serving | undefined {
    const { address, logged, servable } = this.#present;
    if (this.#leaving || !logged || !servable || address === undefined) return undefined;
    return { address, retiring: this.#retiring };
  }

  /** Starts the version that it was made with. */
  start(): void {
    this.#present.supervisor.start();
  }

  /**
   * Ends what the present version has replaced, once nobody is sent there any more. The log names it until then.
   *
   * @param graceMs - time that it gets to end by itself
   */
  retire({ instance, forget }: Leftover, graceMs: number): void {
    this.#retiring = instance.address;
    const ended = this.#turn.run(async () => {
      // Whatever takes long here, this one is served for as long as anybody is sent to it.
      while (!(await this.#isSwitched())) this.#reportSlowSwitch(this.#present);
      await this.#drain();
      await instance.stop(graceMs);
      await forget();
      await this.#relog();
      this.#context.publish();
    });
    ended.catch((error: unknown) => {
      this.#context.logger.error({ workload: this.name, err: error }, 'a leftover cannot be ended');
    });
  }

  /**
   * Puts a version in the place of the present one once it has shown that it can serve. One that is under way is given
   * up for it. Returns at once.
   */
  replace(planned: PlannedWorkload): void {
    if (this.leaving) return;
    const reason = new ReplacementProblem(this.#next?.planned, 'a newer version was loaded');
    this.#attempt.abort(reason);
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#turn
      .run(() => this.#replaceNow(planned, signal))
      .catch((error: unknown) => {
        this.#context.logger.error({ workload: this.name, err: error }, 'replacement failed');
        this.#problem = ReplacementProblem.of(planned, error);
        this.#context.changes.notify();
      });
  }

  /**
   * Ends it for good: nobody is sent to it, everything of it is ended, the log says so.
   *
   * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when something of it cannot be ended; it stays in the log then
   */
  unload(): Promise<void> {
    this.#end();
    return this.#turn.run(async () => {
      this.#leaving = true;
      this.#context.publish();
      const superseded = this.#context.superseded();
      await Promise.race([superseded, pause(LEAVE_WAIT_MS, new AbortController().signal)]);
      await this.#stopAll();
      await this.logUnloaded();
      // Its address may be another workload's only when nobody is sent there any more.
      void superseded.then(() => this.#releaseAll());
    });
  }

  /** Ends everything of it and leaves the log as it is. @throws as {@link unload} */
  stop(): Promise<void> {
    this.#end();
    return this.#turn.run(() => this.#stopAll());
  }

  /** Says in the log that it is gone. */
  async logUnloaded(): Promise<void> {
    if (![...this.#versions].some(({ logged }) => logged)) return;
    await this.#context.log.record({ type: 'proofgate.workload.unload', name: this.name });
    for (const version of this.#versions) version.logged = false;
  }

  #end(): void {
    const reason = new ReplacementProblem(this.#next?.planned, 'the workload was unloaded');
    this.#attempt.abort(reason);
    this.#over.abort(reason);
  }

  async #stopAll(): Promise<void> {
    const results = await Promise.allSettled(this.versions.map((v) => v.supervisor.stop()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #releaseAll(): Promise<void> {
    for (const { planned } of this.#versions) await this.#release(planned);
  }

  async #replaceNow(planned: PlannedWorkload, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.leaving) return;
    this.#problem = undefined;
    if (!this.#present.logged) {
      await this.#startAfresh(planned);
      return;
    }
    const next = this.#newVersion(planned, { logged: false, trial: true });
    const beside = this.#context.runtime.fitsBeside(
      this.#present.planned.measured,
      planned.measured,
    );
    await (beside ? this.#replaceBeside(next, signal) : this.#replaceInPlace(next, signal));
  }

  /** Nothing of the present version has ever run: it makes room. */
  async #startAfresh(planned: PlannedWorkload): Promise<void> {
    const before = this.#present;
    await before.supervisor.stop();
    this.#versions.delete(before);
    await this.#release(before.planned);
    this.#present = this.#newVersion(planned, { logged: false });
    this.start();
  }

  async #replaceBeside(next: SupervisedVersion, signal: AbortSignal): Promise<void> {
    this.#next = next;
    next.supervisor.start();
    const problem = await standTrial(next, this.#context, signal);
    this.#next = undefined;
    if (problem !== undefined) {
      this.#report(next, problem);
      await this.#endVersion(next);
      return;
    }
    const loser = await this.#exchange(this.#present, next);
    await this.#drain();
    await this.#endVersion(loser);
  }

  /**
   * Sends everybody to the next version instead of the former, unless the proxy does not do so in time: then it is told
   * to stay with the former. Both run until it is known which of them nobody is sent to any more.
   *
   * @returns that one
   */
  async #exchange(former: SupervisedVersion, next: SupervisedVersion): Promise<SupervisedVersion> {
    let [present, retiring] = [next, former];
    for (;;) {
      this.#retiring = retiring.address;
      this.#present = present;
      await this.#saveIfPossible();
      this.#context.publish();
      if (await this.#isSwitched()) return retiring;
      this.#reportSlowSwitch(present);
      [present, retiring] = [retiring, present];
      if (present === former) this.#report(next, slowSwitch(next, this.#context.timing.switchMs));
      else this.#problem = undefined;
    }
  }

  #isSwitched(): Promise<boolean> {
    return isSwitched(this.#present.planned.measured.config, this.#context, this.#over.signal);
  }

  #reportSlowSwitch({ planned }: SupervisedVersion): void {
    const facts = { workload: this.name, image: planned.measured.imageRef };
    this.#context.logger.warn(
      facts,
      'the proxy still sends clients to the version before this one',
    );
  }

  /** The present version must go first, because both listen at the same place. */
  async #replaceInPlace(next: SupervisedVersion, signal: AbortSignal): Promise<void> {
    const former = this.#present;
    await former.supervisor.stop();
    await this.#takePlace(former, next);
    const problem = await standTrial(next, this.#context, signal);
    if (problem === undefined) {
      await this.#saveIfPossible();
      await this.#release(former.planned);
      return;
    }
    this.#report(next, problem);
    await next.supervisor.stop();
    if (this.#over.signal.aborted) return;
    await this.#takePlace(next, this.#newVersion(former.planned, { logged: false }));
    await this.#release(next.planned);
  }

  async #takePlace(before: SupervisedVersion, after: SupervisedVersion): Promise<void> {
    this.#versions.delete(before);
    before.logged = false;
    after.logged = true;
    await this.#relog();
    this.#present = after;
    this.#context.publish();
    this.start();
  }

  /** Those who were sent to the former version finish there; then nobody is sent there any more. */
  async #drain(): Promise<void> {
    const { superseded, timing, publish } = this.#context;
    const { signal } = this.#over;
    await pause(timing.drainMs, signal);
    const address = this.#retiring;
    this.#retiring = undefined;
    publish();
    await abortable(superseded(), signal).catch(ignore);
    if (address !== undefined) await untilQuiet(address, timing.quietMs, signal);
  }

  #report(next: SupervisedVersion, problem: ReplacementProblem): void {
    const { imageRef: image } = next.planned.measured;
    const { logger, changes } = this.#context;
    const facts = { workload: this.name, image, code: problem.code, reason: problem.message };
    logger.error(facts, 'replacement given up, the earlier version goes on serving');
    this.#problem = problem;
    changes.notify();
  }

  /** Ends a version that nobody is sent to, and takes it out of the log. */
  async #endVersion(version: SupervisedVersion): Promise<void> {
    await version.supervisor.stop();
    this.#versions.delete(version);
    const { event } = version.planned;
    const stays = loadedEvents(this.#versions).some((other) => isDeepStrictEqual(other, event));
    if (version.logged && !stays) {
      await this.#relog();
      this.#context.publish();
    }
    version.logged = false;
    // Its address may be another workload's only when nobody is sent there any more.
    const released = this.#context.superseded().then(() => this.#release(version.planned));
    await abortable(released, this.#over.signal).catch(ignore);
  }

  /**
   * Makes the log name exactly the versions that are loaded. The format can only unload a name as a whole, so what stays
   * is loaded again in the same step.
   */
  async #relog(): Promise<void> {
    const unload = { type: 'proofgate.workload.unload', name: this.name } as const;
    await this.#context.log.record(unload, ...loadedEvents(this.#versions));
  }

  #newVersion(
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
          if (version === this.#present) this.#context.publish();
        },
      },
      this.#context,
    );
    this.#versions.add(version);
    return version;
  }

  /** What has to be true before a version starts for the first time. */
  async #admit(version: SupervisedVersion, signal: AbortSignal): Promise<void> {
    const { config } = version.planned.measured;
    await this.#context.dependenciesUp(config, signal);
    if (!version.logged) {
      signal.throwIfAborted();
      const { event } = version.planned;
      const known = loadedEvents(this.#versions).some((other) => isDeepStrictEqual(other, event));
      if (!known) await this.#context.log.record(event);
      version.logged = true;
      if (version === this.#present) await this.#context.save();
    }
    this.#context.publish();
    if (this.#context.runtime.listenerOf(config) === undefined) return;
    // Until then this program would answer under the certificate of the one before it.
    await abortable(this.#context.superseded(), signal);
  }

  /** It serves already: that the next launcher will not know it is no reason to take it away. */
  async #saveIfPossible(): Promise<void> {
    await this.#context.save().catch((error: unknown) => {
      this.#context.logger.error({ workload: this.name, err: error }, 'cannot be written down');
    });
  }

  async #release({ measured }: PlannedWorkload): Promise<void> {
    await this.#context.runtime.release(measured).catch((error: unknown) => {
      this.#context.logger.error({ workload: this.name, err: error }, 'something is left of it');
    });
  }
}

/** The signal has ended a wait whose end nobody needs any more. */
function ignore(): void {
  // Nothing to be done.
}
