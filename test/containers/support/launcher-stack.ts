// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContainerStatus } from '@proofgate/api';
import { requestUnix, waitFor } from '@proofgate/daemon';
import type { RuntimeEvent } from '@proofgate/evidence';
import { freePort } from '../../system/support/free-port.ts';
import { fetchFrom, type Endpoint } from '../../system/support/https-request.ts';
import { makePki } from '../../system/support/pki.ts';
import { processesWith, type StackProcess } from '../../system/support/processes.ts';
import { PROOFGATE } from '../../system/support/proofgate.ts';
import { MACHINE_DOMAIN } from '../../system/support/stack-config.ts';

/** What a stack consists of; each is a process that can be killed by itself. */
export type StackPart = 'simulator' | 'launcher' | 'proxy';

/** What a test may want to differ. */
export interface LauncherStackOptions {
  readonly runtime: 'auto' | 'containerd' | 'podman';
  readonly containers?: readonly object[];
  /** Further keys of `platform`. */
  readonly platform?: object;
  /** Shorter times than a production launcher has. */
  readonly timing?: object;
}

const LAUNCHER_MAIN = fileURLToPath(new URL('launcher-main.mjs', import.meta.url));
const CONTROL_GROUP = process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test';

/** Enough for an engine that starts cold on a busy machine. */
const START = { timeoutMs: 45_000, intervalMs: 20 } as const;
const ASK_TIMEOUT_MS = 30_000;
/** The launcher gives its workloads ten seconds each, all at the same time. */
const END_TIMEOUT_MS = 45_000;
const LOG_TAIL_LINES = 60;

/** A launcher with containers, a proxy before them and a simulated platform below, on disk and as processes. */
export class LauncherStack {
  /** On disk; survives a reboot. */
  readonly directory: string;
  /** In memory. */
  readonly runDir: string;
  readonly configFile: string;
  /** PEM. */
  readonly ca: string;
  readonly port: number;
  readonly #options: LauncherStackOptions;
  readonly #parts = new Map<StackPart, ChildProcess>();

  private constructor(
    options: LauncherStackOptions,
    places: Pick<LauncherStack, 'directory' | 'runDir' | 'ca' | 'port'>,
  ) {
    this.#options = options;
    this.directory = places.directory;
    this.runDir = places.runDir;
    this.configFile = join(places.directory, 'proofgate.yaml');
    this.ca = places.ca;
    this.port = places.port;
  }

  /** Makes directories, a PKI and the config file; starts nothing. */
  static async make(options: LauncherStackOptions): Promise<LauncherStack> {
    const directory = await mkdtemp(join(tmpdir(), 'pg-stack-'));
    await chmod(directory, 0o711);
    const runDir = await mkdtemp('/run/pg-');
    await makePki(join(directory, 'pki'));
    const ca = await readFile(join(directory, 'pki', 'root.pem'), 'utf8');
    const stack = new LauncherStack(options, { directory, runDir, ca, port: await freePort() });
    await stack.configure(options.containers ?? []);
    return stack;
  }

  /** Writes the config file with these containers. */
  async configure(containers: readonly object[]): Promise<void> {
    const config = {
      version: '1',
      platform: {
        machine_name: 'system',
        hostname: 'localhost',
        tee: 'simulated',
        ca_cert: join(this.directory, 'pki', 'intermediary.pem'),
        ca_key: join(this.directory, 'pki', 'intermediary.key'),
        listen: `127.0.0.1:${String(this.port)}`,
        data_dir: join(this.directory, 'data'),
        run_dir: this.runDir,
        runtime: this.#options.runtime,
        workers: 1,
        containers: { exec: true },
        ...this.#options.platform,
      },
      containers,
    };
    // JSON is YAML.
    await writeFile(this.configFile, JSON.stringify(config));
  }

  /** Starts parts, all of them unless told, and waits until the launcher answers. */
  async start(...parts: readonly StackPart[]): Promise<void> {
    const wanted = parts.length > 0 ? parts : (['simulator', 'launcher', 'proxy'] as const);
    for (const part of wanted) {
      if (part === 'launcher') await this.#ready('simulator.sock', '/v1/measurements');
      this.#spawn(part);
    }
    if (wanted.includes('launcher')) await this.#ready('launcher.sock', '/healthz');
    if (wanted.includes('proxy')) await this.#ready('proxy.sock', '/v1/state');
  }

  /** Ends a part with SIGKILL. */
  async kill(part: StackPart): Promise<void> {
    await this.#end(part, 'SIGKILL');
  }

  /** Ends everything in order and removes what is on disk. @returns what the launcher's exit code was */
  async stop(): Promise<number | null> {
    await this.#end('proxy', 'SIGTERM');
    const code = await this.#end('launcher', 'SIGTERM');
    await this.#end('simulator', 'SIGTERM');
    return code;
  }

  /** Removes what is on disk. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await rm(this.runDir, { recursive: true, force: true });
  }

  /** Every living process that names a directory of this stack. */
  processes(): readonly StackProcess[] {
    return [...processesWith(this.directory), ...processesWith(this.runDir)].filter(
      ({ pid }, index, all) => all.findIndex((other) => other.pid === pid) === index,
    );
  }

  /** A host behind the proxy. */
  endpoint(name: string): Endpoint {
    return { hostname: `${name}.${MACHINE_DOMAIN}`, port: this.port, ca: this.ca };
  }

  /** What a host answers, once it answers 200. */
  async served(name: string, path = '/'): Promise<string> {
    const answer = await waitFor(
      async () => {
        const got = await fetchFrom(this.endpoint(name), path).catch(() => undefined);
        return got?.status === 200 ? got : undefined;
      },
      { ...START, what: `an answer of ${name}` },
    );
    return answer.body;
  }

  /** Asks the local management API. */
  async api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    return requestUnix({
      socketPath: join(this.runDir, 'launcher.sock'),
      method,
      path,
      ...(body === undefined ? {} : { body }),
      timeoutMs: ASK_TIMEOUT_MS,
    });
  }

  /** The answer of a socket in the run directory. */
  async ask(socket: string, path: string): Promise<unknown> {
    const socketPath = join(this.runDir, socket);
    const { body } = await requestUnix({
      socketPath,
      method: 'GET',
      path,
      timeoutMs: ASK_TIMEOUT_MS,
    });
    return body;
  }

  /** A file in the run directory. */
  read(name: string): Promise<string> {
    return readFile(join(this.runDir, name), 'utf8');
  }

  /** What the management API says of one workload. */
  async status(name: string): Promise<ContainerStatus | undefined> {
    const answer = await this.api('GET', '/api/v1/status').catch(() => undefined);
    // Sound: the API's own tests check its answers against the schema.
    const all = answer?.body as readonly ContainerStatus[] | undefined;
    return all?.find((workload) => workload.name === name);
  }

  /** Waits until a workload is in one of these states. */
  async reaches(name: string, ...states: readonly string[]): Promise<ContainerStatus> {
    return waitFor(
      async () => {
        const found = await this.status(name);
        return found !== undefined && states.includes(found.status) ? found : undefined;
      },
      { ...START, what: `${name} to be ${states.join(' or ')}` },
    );
  }

  /** The runtime event log, as `type name`. */
  async events(): Promise<readonly string[]> {
    const { body } = await this.api('GET', '/v1/eventlog');
    const { events } = body as { events: readonly RuntimeEvent[] };
    return events.map((event) => {
      const type = event.type.replace('proofgate.', '').replace('workload.', '');
      return 'name' in event ? `${type} ${event.name}` : type;
    });
  }

  /** The end of what the parts wrote, for the message of a failure. */
  logTail(): string {
    const text = readFileSync(join(this.directory, 'log'), 'utf8');
    const lines = text.split('\n').filter((line) => !/"event":"|"msg":"request"/.test(line));
    return lines.slice(-LOG_TAIL_LINES).join('\n');
  }

  #spawn(part: StackPart): void {
    const log = openSync(join(this.directory, 'log'), 'a', 0o600);
    const args =
      part === 'launcher'
        ? [
            LAUNCHER_MAIN,
            this.configFile,
            `/${CONTROL_GROUP}/${this.runDir.slice('/run/'.length)}`,
            JSON.stringify(this.#options.timing ?? {}),
          ]
        : [PROOFGATE, part, '-c', this.configFile];
    this.#parts.set(part, spawn(process.execPath, args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  }

  async #end(part: StackPart, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#parts.get(part);
    this.#parts.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    return child.exitCode;
  }

  async #ready(socket: string, path: string): Promise<void> {
    const socketPath = join(this.runDir, socket);
    await waitFor(
      async () => {
        for (const [part, { exitCode }] of this.#parts) {
          if (exitCode !== null) throw new Error(`${part} has ended\n${this.logTail()}`);
        }
        const request = { socketPath, method: 'GET', path, timeoutMs: ASK_TIMEOUT_MS };
        const answer = await requestUnix(request).catch(() => undefined);
        return answer?.status === 200;
      },
      { ...START, what: `an answer of ${socket}` },
    );
  }
}
