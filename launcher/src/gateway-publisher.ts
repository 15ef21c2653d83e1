// SPDX-License-Identifier: Apache-2.0
import {
  ADMIN_PATHS,
  errorBodySchema,
  stateSummarySchema,
  type GatewayState,
} from '@proofgate/api';
import { backoff, requestUnix, waitFor, type Logger, type UnixAnswer } from '@proofgate/daemon';
import { LauncherError } from './errors.ts';
import { pause } from './pause.ts';

/** What changes between two states of one launcher; version, revision and boot id are added on publishing. */
export type GatewayContent = Omit<GatewayState, 'version' | 'revision' | 'bootId'>;

/** How often the proxy is asked whether it still has the latest state: it may have been restarted. */
const POLL_MS = 2_000;

/** First and longest pause after a proxy that did not answer or refused. */
const RETRY = { initialMs: 100, maxMs: 5_000 } as const;

/** The proxy answers from memory; applying a state of a thousand hosts takes it a fraction of a second. */
const ANSWER_TIMEOUT_MS = 10_000;

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
  #state: GatewayState | undefined;
  #applied = -1;
  #loop: Promise<void> | undefined;

  constructor(options: GatewayPublisherOptions) {
    this.#options = options;
  }

  /** Makes this the state that the proxy is to have. */
  publish(content: GatewayContent): void {
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

  /** Stops handing over. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const retry = backoff({ ...RETRY, random: this.#options.random });
    let reachable = true;
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#bringUpToDate();
        if (!reachable) this.#options.logger.info('the proxy is reachable again');
        reachable = true;
        retry.reset();
        await pause(this.#options.pollMs ?? POLL_MS, this.#wake.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // Once, not at every attempt: a proxy that is not there yet is no event.
        if (reachable) {
          this.#options.logger.warn({ err: error }, 'the proxy does not have the state yet');
        }
        reachable = false;
        await pause(retry.next(), this.#wake.signal);
      }
    }
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
      { seen: refusal.success ? `${refusal.data.code}: ${refusal.data.error}` : 'no error body' },
    );
  }
}
