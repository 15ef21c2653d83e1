// SPDX-License-Identifier: Apache-2.0
import { Agent, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { LauncherError } from '../errors.ts';

/** A call of an engine's HTTP interface. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** What is tried, for errors: `create container x`. */
  readonly what: string;
  readonly path: string;
  /** Objects are written as JSON, as filters have to be. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  /** Makes the archive that is sent instead of {@link body}. */
  readonly upload?: () => Readable;
  readonly signal?: AbortSignal;
  /** Time for the answer; {@link CALL_TIMEOUT_MS} unless told. */
  readonly timeoutMs?: number;
}

/** Where an engine listens, and what brings it back. */
export interface EngineSocketOptions {
  /** As it appears in errors. */
  readonly name: string;
  readonly socketPath: string;
  /** Called when nobody listens, before the one retry; starts the engine if it is ours to start. */
  readonly revive?: () => Promise<void>;
}

/** Most calls take milliseconds; removing a container on a slow disk, or one with many processes, takes seconds. */
export const CALL_TIMEOUT_MS = 60_000;

/** Longest part of an engine's own words in a message: runtimes repeat whole logs. */
const MAX_DETAILS = 500;

/** Statuses of an answer that is not an error; 304 says that it was so before. */
const GOOD = { 200: true, 201: true, 204: true, 304: true } as const;

/** What is used of the library's `docker-modem`; the rest of the library knows docker's calls but not podman's. */
interface Modem {
  dial(options: DialOptions, callback: (error: Error | null, answer: unknown) => void): void;
}

interface DialOptions {
  readonly path: string;
  readonly method: string;
  readonly options: { readonly _query: object; readonly _body: object };
  readonly statusCodes: Readonly<Record<number, true>>;
  readonly isStream: boolean;
  readonly abortSignal: AbortSignal;
  readonly file?: Readable;
}

/** Errors of a connection that never came about: nothing was asked, so it may be asked again. */
const NOBODY_LISTENS: readonly unknown[] = ['ECONNREFUSED', 'ENOENT'];

/** The HTTP interface of podman or docker on a unix socket. */
export class EngineSocket {
  readonly #options: EngineSocketOptions;
  readonly #modem: Modem;
  readonly #agent: Agent;

  private constructor(options: EngineSocketOptions, modem: Modem, agent: Agent) {
    this.#options = options;
    this.#modem = modem;
    this.#agent = agent;
  }

  /** Loads the client library, which is large, and only what talks to such an engine needs it. Connects on first use. */
  static async open(options: EngineSocketOptions): Promise<EngineSocket> {
    const { default: Docker } = await import('dockerode');
    // A kept connection would be dead after a restart of the service, and a new one on a local socket costs nothing.
    const agent = new Agent({ keepAlive: false });
    // The library prefers DOCKER_HOST of the environment unless it is told that there is no host.
    const docker = new Docker({ socketPath: options.socketPath, host: undefined });
    return new EngineSocket(options, Object.assign(docker.modem, { agent }), agent);
  }

  /**
   * Calls and returns the answer.
   *
   * @returns JSON, or bytes where the answer is no JSON
   * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE or ERR_LAUNCHER_ENGINE_REFUSED; the signal's reason
   */
  async call(request: EngineRequest): Promise<unknown> {
    return this.#withRevival(request, () => this.#dial(request, false));
  }

  /** {@link call}, with `undefined` for what is not there. */
  async callIfThere(request: EngineRequest): Promise<unknown> {
    try {
      return await this.call(request);
    } catch (error) {
      if (statusOf(error) === 404 || vanished(error)) return undefined;
      throw error;
    }
  }

  /** {@link call} whose answer is read as it comes; destroying it ends the call. */
  async stream(request: EngineRequest): Promise<IncomingMessage> {
    const answer = await this.#withRevival(request, () => this.#dial(request, true));
    if (answer instanceof IncomingMessage) return answer;
    throw this.#unavailable(request, new Error('the answer is not a stream'));
  }

  /** Forgets the connections; those in use end by themselves. */
  close(): void {
    this.#agent.destroy();
  }

  async #withRevival<T>(request: EngineRequest, dial: () => Promise<T>): Promise<T> {
    try {
      return await dial();
    } catch (error) {
      const { revive } = this.#options;
      if (revive === undefined || !nobodyListens(error)) throw this.#translate(request, error);
      await revive();
    }
    try {
      return await dial();
    } catch (error) {
      throw this.#translate(request, error);
    }
  }

  #dial(request: EngineRequest, isStream: boolean): Promise<unknown> {
    const { method, path, query = {}, body = {}, upload, timeoutMs = CALL_TIMEOUT_MS } = request;
    // A stream lives as long as what it tells about.
    const timeout = isStream || upload !== undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    const own = request.signal === undefined ? [] : [request.signal];
    const options: DialOptions = {
      // The question mark is where the library puts the query.
      path: `${path}?`,
      method,
      options: { _query: query, _body: body },
      statusCodes: GOOD,
      isStream,
      abortSignal: AbortSignal.any([...own, ...timeout]),
    };
    const file = upload?.();
    return new Promise((resolve, reject) => {
      const dialled = file === undefined ? options : { ...options, file };
      this.#modem.dial(dialled, (error, answer) => {
        file?.destroy();
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  }

  #translate(request: EngineRequest, error: unknown): Error {
    const { signal, what } = request;
    if (signal?.aborted === true) {
      return signal.reason instanceof Error ? signal.reason : new Error('aborted');
    }
    const status = fieldOf(error, 'statusCode');
    if (typeof status !== 'number') return this.#unavailable(request, error);
    const message = `${this.#options.name} refused to ${what}: ${refusalOf(error)}`;
    const details = { seen: `status ${String(status)}`, cause: error };
    return new LauncherError('ERR_LAUNCHER_ENGINE_REFUSED', message, details);
  }

  #unavailable({ what }: EngineRequest, cause: unknown): LauncherError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${this.#options.name} did not ${what}: ${reason}`;
    return new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', message, { cause });
  }
}

/**
 * Reads the HTTP status out of an error of {@link EngineSocket}.
 *
 * @param error - anything that was thrown
 * @returns `undefined` when the engine did not answer with it
 */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof LauncherError ? fieldOf(error.cause, 'statusCode') : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** What podman 4.3 answers with status 500 about a container that goes while it looks. */
function vanished(error: unknown): boolean {
  return error instanceof LauncherError && /does not exist in database/u.test(error.message);
}

function nobodyListens(error: unknown): boolean {
  return NOBODY_LISTENS.includes(fieldOf(error, 'code'));
}

/** The engine's own words, which it sends as `message`, without the library's around them. */
function refusalOf(error: unknown): string {
  const message = fieldOf(fieldOf(error, 'json'), 'message') ?? fieldOf(error, 'message');
  return (typeof message === 'string' ? message : String(error)).trim().slice(0, MAX_DETAILS);
}

function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, field)?.value;
}
