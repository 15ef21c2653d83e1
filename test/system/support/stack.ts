// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identitiesSchema, type IdentitySummary } from '@proofgate/api';
import { requestUnix, waitFor } from '@proofgate/daemon';
import { fetchFrom, type Endpoint } from './https-request.ts';
import { processesWith, type StackProcess } from './processes.ts';
import { PROOFGATE } from './proofgate.ts';
import { HELLO, type ConfigChanges } from './stack-config.ts';
import { makeStackDirectory, type StackDirectory } from './stack-directory.ts';

/** Four processes start one after the other and certificates are minted; two loaded cores take some seconds. */
const START_TIMEOUT_MS = 45_000;
/** The proxy drains for 25 s at most, the app has 10 s, and the margin is for the machine. */
const STOP_TIMEOUT_MS = 45_000;
const SOCKET_TIMEOUT_MS = 5_000;
const LOG_TAIL_LINES = 60;

/** Marks everything that inherits the environment, the proxy's workers among it. */
const MARK = 'PROOFGATE_SYSTEM_TEST';

/** Which part of a stack a process is, by what its command line contains. */
const PARTS = {
  up: ' up -c ',
  launcher: ' launcher -c ',
  proxy: ' proxy -c ',
  worker: 'worker-main.js',
  workload: 'hello.mjs',
} as const;

/** The name of a part of a stack. */
export type Part = keyof typeof PARTS;

/** How `proofgate up` ended. */
export interface UpExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running `proofgate up` with everything below it. */
export class Stack {
  readonly files: StackDirectory;
  /** The hello app behind the proxy. */
  readonly hello: Endpoint;
  /** How `up` ended, once it has. */
  readonly ended: Promise<UpExit>;
  readonly #up: ChildProcess;

  constructor(files: StackDirectory) {
    this.files = files;
    this.hello = this.endpoint(HELLO);
    const log = openSync(files.logFile, 'a', 0o600);
    this.#up = spawn(process.execPath, [PROOFGATE, 'up', '-c', files.configFile, '--with-parent'], {
      env: { ...process.env, [MARK]: files.path },
      // A process group of its own, as a shell makes one. Its standard input ends with this process, and it with that.
      detached: true,
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.#up.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
  }

  /** A host behind the proxy. */
  endpoint(hostname: string): Endpoint {
    return { hostname, port: this.files.port, ca: this.files.ca };
  }

  /** `proofgate up` itself. */
  get pid(): number {
    const { pid } = this.#up;
    if (pid === undefined) throw new Error('proofgate up did not start');
    return pid;
  }

  /** Sends a signal to `up` alone, as a service manager does. */
  signal(signal: NodeJS.Signals): void {
    this.#up.kill(signal);
  }

  /** Sends a signal to the process group of `up`, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Every living process of this stack. */
  processes(): readonly StackProcess[] {
    return processesWith(this.files.path);
  }

  /** Process ids of one part. */
  pids(part: Part): readonly number[] {
    const running = this.processes().filter(({ command }) => command.includes(PARTS[part]));
    return running.map(({ pid }) => pid);
  }

  /** The process id of a part that there is once. */
  pidOf(part: Exclude<Part, 'worker'>): number {
    const [pid, ...more] = this.pids(part);
    if (pid === undefined || more.length > 0) {
      throw new Error(`there is not one ${part}: ${JSON.stringify(this.processes())}`);
    }
    return pid;
  }

  /** The answer of the local socket `run_dir/<name>`. */
  async ask(name: string, path: string): Promise<unknown> {
    const socketPath = join(this.files.runDirectory, name);
    const request = { socketPath, method: 'GET', path, timeoutMs: SOCKET_TIMEOUT_MS };
    const { body } = await requestUnix(request);
    return body;
  }

  /** What the proxy has certificates for. */
  async identities(): Promise<readonly IdentitySummary[]> {
    return identitiesSchema.parse(await this.ask('proxy.sock', '/v1/identities')).identities;
  }

  /** Waits until every host has a certificate and the app answers through the proxy. */
  async untilServing(): Promise<void> {
    const wait = { timeoutMs: START_TIMEOUT_MS, intervalMs: 50 };
    const certified = async (): Promise<boolean> => {
      if (this.#up.exitCode !== null) throw new Error('proofgate up has ended');
      const identities = await this.identities().catch(() => []);
      const hosts = new Set(identities.map(({ hostname }) => hostname));
      return this.files.hostnames.every((hostname) => hosts.has(hostname));
    };
    await waitFor(certified, { ...wait, what: 'a certificate for every host' });
    const answers = async (): Promise<boolean> => {
      const answer = await fetchFrom(this.hello, '/').catch(() => undefined);
      return answer?.status === 200;
    };
    await waitFor(answers, { ...wait, what: 'an answer of the app' });
  }

  /** Waits until nothing of the stack runs any more. */
  async untilGone(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    await waitFor(() => this.processes().length === 0, { timeoutMs, what: 'the end of the stack' });
  }

  /** Everything that the stack wrote. */
  log(): string {
    return readFileSync(this.files.logFile, 'utf8');
  }

  /** The end of {@link log}, for the message of a failure. */
  logTail(): string {
    return this.log().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  /**
   * Stops the stack in order and removes its directory. What does not end by itself is killed.
   *
   * @throws Error when something had to be killed
   */
  async remove(): Promise<void> {
    this.signal('SIGTERM');
    const outcome = await this.untilGone().catch((error: unknown) => error);
    const survivors = this.processes();
    for (const { pid } of survivors) killHard(pid);
    await waitFor(() => this.processes().length === 0, { timeoutMs: STOP_TIMEOUT_MS });
    const log = this.logTail();
    await this.files.remove();
    if (survivors.length > 0) {
      throw new Error(`left running: ${JSON.stringify(survivors)}\n${log}`, { cause: outcome });
    }
  }
}

/**
 * Starts a stack and waits until the app answers through the proxy.
 *
 * @throws Error with the end of the log when it does not get that far; nothing is left behind
 */
export async function startStack(changes: ConfigChanges = {}): Promise<Stack> {
  const stack = new Stack(await makeStackDirectory(changes));
  try {
    await stack.untilServing();
    return stack;
  } catch (cause) {
    const log = stack.logTail();
    await stack.remove();
    throw new Error(`the stack did not start\n${log}`, { cause });
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
