// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import type { PlannedWorkload } from '../measurement/measurement-plan.ts';
import type { Leftover } from './leftover.ts';
import { MemberRoute } from './member-route.ts';
import { MemberVersions, type MemberVersionsContext } from './member-versions.ts';
import { OneByOne } from './one-by-one.ts';
import { pause } from './pause.ts';
import { ReplacementProblem, standTrial } from './replacement-trial.ts';
import { isSwitched, slowSwitch } from './route-switch.ts';
import type { SupervisedVersion } from './supervised-version.ts';

/** What the members of a fleet share. */
export interface MemberContext extends MemberVersionsContext {
  /** Settles when nobody new is sent to the version of a host that is retiring. */
  readonly switched: (hostname: string, signal: AbortSignal) => Promise<void>;
}

/** Where a workload is served. */
export interface Serving {
  readonly address: HostPort;
  /** Where the version before it still is, for those who were sent there. */
  readonly retiring: HostPort | undefined;
}

/** A proxy that hangs must not keep a workload from being unloaded: clients then find nobody. */
const LEAVE_WAIT_MS = 5_000;

/** The versions of one workload: the one that serves, one that is to take its place, one that has lost it. */
export class FleetMember {
  readonly name: string;
  readonly #context: MemberContext;
  readonly #versions: MemberVersions;
  readonly #route: MemberRoute;
  #present: SupervisedVersion;
  #next: SupervisedVersion | undefined;
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
    const over = this.#over.signal;
    this.name = planned.measured.config.name;
    this.#context = context;
    const isPresent = (version: SupervisedVersion): boolean => version === this.#present;
    this.#versions = new MemberVersions({ name: this.name, over, isPresent }, context);
    this.#route = new MemberRoute(context, over);
    this.#present = this.#versions.make(planned, { logged });
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
    return this.#versions.all;
  }

  /** Where it is served; `undefined` when nobody may be sent to it. */
  get serving(): Serving | undefined {
    const { address, logged, servable } = this.#present;
    if (this.#leaving || !logged || !servable || address === undefined) return undefined;
    return { address, retiring: this.#route.retiring };
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
  retire(leftover: Leftover, graceMs: number): void {
    this.#versions.keep(leftover);
    this.#route.leave(leftover.instance.address);
    this.#retireInTurn(leftover, graceMs);
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
      await this.#versions.stopAll();
      await this.logUnloaded();
      // Its address may be another workload's only when nobody is sent there any more.
      void superseded.then(() => this.#versions.releaseAll());
    });
  }

  /** Ends everything of it and leaves the log as it is. @throws as {@link unload} */
  stop(): Promise<void> {
    this.#end();
    return this.#turn.run(() => this.#versions.stopAll());
  }

  /** Says in the log that it is gone. */
  logUnloaded(): Promise<void> {
    return this.#versions.logUnloaded();
  }

  #end(): void {
    const reason = new ReplacementProblem(this.#next?.planned, 'the workload was unloaded');
    this.#attempt.abort(reason);
    this.#over.abort(reason);
  }

  /** However long clients stay with what is left, it is there for them, and newer versions do not wait for it. */
  #retireInTurn(leftover: Leftover, graceMs: number): void {
    const ended = this.#turn.run(async () => {
      const newer = this.#attempt.signal;
      const switched = await this.#isSwitched(newer);
      if (switched || this.leaving) {
        await this.#route.drainLeftover(leftover.instance.address);
        await this.#versions.endLeftover(leftover, graceMs);
        return;
      }
      if (!newer.aborted) this.#reportSlowSwitch(this.#present);
      this.#retireInTurn(leftover, graceMs);
    });
    ended.catch((error: unknown) => {
      this.#context.logger.error({ workload: this.name, err: error }, 'a leftover cannot be ended');
    });
  }

  async #replaceNow(planned: PlannedWorkload, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.leaving) return;
    this.#problem = undefined;
    const former = this.#present;
    if (!former.logged) {
      // Nothing of it has ever run: it makes room.
      await this.#versions.discard(former);
      this.#present = this.#versions.make(planned, { logged: false });
      this.start();
      return;
    }
    const next = this.#versions.make(planned, { logged: false, trial: true });
    const beside = this.#context.runtime.fitsBeside(former.planned.measured, planned.measured);
    await (beside ? this.#replaceBeside(next, signal) : this.#replaceInPlace(next, signal));
  }

  async #replaceBeside(next: SupervisedVersion, signal: AbortSignal): Promise<void> {
    this.#next = next;
    next.supervisor.start();
    const problem = await standTrial(next, this.#context, signal);
    this.#next = undefined;
    if (problem !== undefined) {
      this.#report(next, problem);
      await this.#versions.end(next);
      return;
    }
    const loser = await this.#exchange(this.#present, next);
    await this.#route.drainFormer();
    await this.#versions.end(loser);
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
      this.#route.retire(retiring.address);
      this.#present = present;
      await this.#saveIfPossible();
      this.#context.publish();
      // Clients are neither with the one nor with the other, but with what both are to replace.
      if (present === former && this.#route.hasLeftover) return retiring;
      if (await this.#isSwitched()) return retiring;
      this.#reportSlowSwitch(present);
      [present, retiring] = [retiring, present];
      if (present === former) this.#report(next, slowSwitch(next, this.#context.timing.switchMs));
      else this.#problem = undefined;
    }
  }

  /** The present version must go first, because both listen at the same place. */
  async #replaceInPlace(next: SupervisedVersion, signal: AbortSignal): Promise<void> {
    const former = this.#present;
    await former.supervisor.stop();
    await this.#takePlace(former, next);
    const problem = await standTrial(next, this.#context, signal);
    if (problem === undefined) {
      await this.#saveIfPossible();
      await this.#versions.release(former);
      return;
    }
    this.#report(next, problem);
    await next.supervisor.stop();
    if (this.leaving) return;
    await this.#takePlace(next, this.#versions.make(former.planned, { logged: false }));
    await this.#versions.release(next);
  }

  async #takePlace(before: SupervisedVersion, after: SupervisedVersion): Promise<void> {
    await this.#versions.exchange(before, after);
    this.#present = after;
    this.#context.publish();
    this.start();
  }

  /** @param newer - gives up, because a newer version is to be served */
  #isSwitched(newer?: AbortSignal): Promise<boolean> {
    const { config } = this.#present.planned.measured;
    return isSwitched(config, this.#context, this.#over.signal, newer);
  }

  #reportSlowSwitch({ planned }: SupervisedVersion): void {
    const facts = { workload: this.name, image: planned.measured.imageRef };
    this.#context.logger.warn(
      facts,
      'the proxy still sends clients to the version before this one',
    );
  }

  #report(next: SupervisedVersion, problem: ReplacementProblem): void {
    const { imageRef: image } = next.planned.measured;
    const { logger, changes } = this.#context;
    const facts = { workload: this.name, image, code: problem.code, reason: problem.message };
    logger.error(facts, 'replacement given up, the earlier version goes on serving');
    this.#problem = problem;
    changes.notify();
  }

  /** It serves already: that the next launcher will not know it is no reason to take it away. */
  async #saveIfPossible(): Promise<void> {
    await this.#context.save().catch((error: unknown) => {
      this.#context.logger.error({ workload: this.name, err: error }, 'cannot be written down');
    });
  }
}
