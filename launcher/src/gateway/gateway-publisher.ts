// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import {
  ADMIN_PATHS,
  errorBodySchema,
  stateSummarySchema,
  type GatewayState,
} from '@proofgate/api';
import {
  backoff,
  DaemonError,
  requestUnix,
  waitFor,
  type Logger,
  type UnixAnswer,
} from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { pause } from '../supervision/pause.ts';

/** What changes between two states of one launcher; version, revision and boot id are added on publishing. */
export type GatewayContent = Omit<GatewayState, 'version' | 'revision' | 'bootId'>;

/** How often the proxy is asked whether it still has the latest state: it may have been restarted. */
const POLL_MS = 2_000;

/** First and longest pause after a proxy that did not answer or refused. */
const RETRY = { initialMs: 100, maxMs: 5_000 } as const;

/** A state is taken within milliseconds; a start that comes this much later is not noticed. */
const SUPERSEDED_POLL_MS = 10;

/** A certificate takes some tens of milliseconds on hardware. */
const SWITCHED_POLL_MS = 50;

/** The proxy answers from memory; applying a state of a thousand hosts takes it a fraction of a second. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Why the proxy does not have the latest state. */
type Trouble = 'absent' | 'refusing';

/** What a publisher needs. */
export interface GatewayPublisherOptions {
  /** The proxy's admin socket. */
  readonly socketPath: string;
  /** Names this run of the launcher; revisions count within it. */
  readonly bootId: string;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Time between two looks at the proxy, in milliseconds. */
  readonly pollMs?: number;
}

/**
 * Keeps the proxy at the launcher's latest state. Publishing never waits: the state is handed over in the background,
 * again and again until the proxy has it, and once more whenever the proxy turns out to have another one.
 */
export class GatewayPublisher {
  readonly #options: GatewayPublisherOptions;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #content: GatewayContent | undefined;
  #state: GatewayState | undefined;
  #applied = -1;
  /** Revision for which an attempt found no proxy at all. */
  #absent = -1;
  #loop: Promise<void> | undefined;

  constructor(options: GatewayPublisherOptions) {
    this.#options = options;
  }

  /** Makes this the state that the proxy is to have. Nothing happens when it is to have it already. */
  publish(content: GatewayContent): void {
    if (isDeepStrictEqual(content, this.#content)) return;
    this.#content = content;
    const revision = (this.#state?.revision ?? -1) + 1;
    this.#state = { version: 1, revision, bootId: this.#options.bootId, ...content };
    this.#loop ??= this.#run();
    this.#wake.abort();
  }

  /**
   * Waits until the proxy has the latest state.
   *
   * @param timeoutMs - longest time to wait
   * @returns whether it has
   */
  async flush(timeoutMs: number): Promise<boolean> {
    const latest = this.#state?.revision ?? -1;
    return waitFor(() => this.#applied >= latest, { timeoutMs, signal: this.#stop.signal }).catch(
      () => false,
    );
  }

  /**
   * Waits until no proxy can serve anything older than the latest state: until the proxy has it, or an attempt has found
   * nothing at its socket. A proxy that refuses, or is there and does not answer, may still serve the old one.
   *
   * @returns once that is so, or on closing
   */
  async supersede(): Promise<void> {
    const latest = this.#state?.revision ?? -1;
    while (!this.#stop.signal.aborted && Math.max(this.#applied, this.#absent) < latest) {
      await pause(SUPERSEDED_POLL_MS, this.#stop.signal);
    }
  }

  /**
   * Waits until nobody new is sent to what the latest state calls retiring: the certificate of what takes its place is
   * made, and new connections get it. Without a proxy nobody is served at all, so there is nothing to wait for.
   *
   * @param hostname - the host
   * @param signal - ends the waiting
   * @throws the reason of the signal
   */
  async switched(hostname: string, signal: AbortSignal): Promise<void> {
    const latest = this.#state?.revision ?? -1;
    for (;;) {
      signal.throwIfAborted();
      if (this.#stop.signal.aborted || this.#absent >= latest) return;
      if (this.#applied >= latest && (await this.#hasSwitched(hostname))) return;
      await pause(SWITCHED_POLL_MS, signal);
    }
  }

  /** Stops handing over. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const retry = backoff({ ...RETRY, random: this.#options.random });
    let trouble: Trouble | undefined;
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      const revision = this.#state?.revision ?? -1;
      try {
        await this.#bringUpToDate();
        if (trouble !== undefined) this.#options.logger.info('the proxy has the state again');
        trouble = undefined;
        retry.reset();
        await pause(this.#options.pollMs ?? POLL_MS, this.#wake.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const seen = isAbsent(error) ? 'absent' : 'refusing';
        if (seen === 'absent') this.#absent = revision;
        // Once, not at every attempt: a proxy that is not there yet is no event.
        if (seen !== trouble) this.#report(seen, error);
        trouble = seen;
        await pause(retry.next(), this.#wake.signal);
      }
    }
  }

  async #hasSwitched(hostname: string): Promise<boolean> {
    try {
      const { retiring = [] } = stateSummarySchema.parse((await this.#ask('GET')).body);
      return !retiring.includes(hostname);
    } catch (error) {
      // A proxy that has gone serves nobody; one that is in trouble may still serve what it served.
      return isAbsent(error);
    }
  }

  #report(trouble: Trouble, error: unknown): void {
    const { logger } = this.#options;
    if (trouble === 'absent') logger.warn({ err: error }, 'the proxy is not there yet');
    else
      logger.error({ err: error }, 'the proxy does not take the state; new workloads wait for it');
  }

  async #bringUpToDate(): Promise<void> {
    const state = this.#state;
    if (state === undefined) return;
    const answer = await this.#ask('GET');
    const { revision, bootId } = stateSummarySchema.parse(answer.body);
    if (revision !== state.revision || bootId !== state.bootId) {
      await this.#ask('PUT', state);
      this.#options.logger.info({ revision: state.revision }, 'gateway state applied');
    }
    this.#applied = state.revision;
  }

  async #ask(method: 'GET' | 'PUT', body?: GatewayState): Promise<UnixAnswer> {
    const answer = await requestUnix({
      socketPath: this.#options.socketPath,
      method,
      path: ADMIN_PATHS.state,
      ...(body === undefined ? {} : { body }),
      timeoutMs: ANSWER_TIMEOUT_MS,
      signal: this.#stop.signal,
    });
    if (answer.status === 200) return answer;
    const refusal = errorBodySchema.safeParse(answer.body);
    throw new LauncherError(
      'ERR_LAUNCHER_GATEWAY_REFUSED',
      `the proxy answered ${method} ${ADMIN_PATHS.state} with status ${String(answer.status)}`,
      { seen: refusal.success ? `${refusal.data.code}: ${refusal.data.detail}` : 'no error body' },
    );
  }
}

/** Nothing listens on the socket, so no proxy runs. */
function isAbsent(error: unknown): boolean {
  const cause = error instanceof DaemonError ? error.cause : undefined;
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED')
  );
}
