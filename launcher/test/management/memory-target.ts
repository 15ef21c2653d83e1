// SPDX-License-Identifier: Apache-2.0
import type { AttestationServer, ContainerConfig, ContainerStatus, LogLine } from '@proofgate/api';
import { attestationServersHash, toHex, utf8, type RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from '../../src/errors.ts';
import type { ExecRequest, ExecResult } from '../../src/container/container-engine.ts';
import { InvalidFieldsError } from '../../src/management/invalid-fields.ts';
import type {
  AcceptedLoad,
  BootLog,
  CaInForce,
  LogSelection,
  ManagementTarget,
} from '../../src/management/management-target.ts';

const DIGEST = 'ab'.repeat(32);

/** A launcher whose containers exist in memory alone: they start when told to, and print what they are told. */
export class MemoryTarget implements ManagementTarget {
  isReady = true;
  boot: BootLog | undefined;
  readonly containers = new Map<string, { config: ContainerConfig; status: ContainerStatus }>();
  readonly lines = new Map<string, LogLine[]>();
  readonly configured = new Set<string>();
  readonly extensions = new Map<string, string>();
  readonly volumeSizes = new Map<string, { bytes: number; mounted: boolean }>();
  readonly executed: ExecRequest[] = [];
  ca: string | undefined;
  servers: readonly AttestationServer[] = [];
  /** Thrown by everything that changes something. */
  failure: Error | undefined;

  ready(): boolean {
    return this.isReady;
  }

  status(): readonly ContainerStatus[] {
    return [...this.containers.values()].map(({ status }) => status);
  }

  eventLog(): readonly RuntimeEvent[] {
    return [...this.containers.keys()].map((name) => ({ type: 'proofgate.workload.unload', name }));
  }

  bootLog(): Promise<BootLog | undefined> {
    return Promise.resolve(this.boot);
  }

  load(config: ContainerConfig): Promise<AcceptedLoad> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const { name, port, image = `process:${config.command[0] ?? ''}` } = config;
    for (const other of this.containers.values()) {
      if (other.config.name === name || other.config.port !== port) continue;
      const detail = `port ${String(port)} is already taken by ${other.config.name}`;
      const errors = [{ pointer: '/port', detail }];
      return Promise.reject(new InvalidFieldsError('ERR_LAUNCHER_REQUEST_REFUSED', errors));
    }
    const replaces = this.containers.has(name);
    this.containers.set(name, { config, status: pendingStatus(name, image) });
    return Promise.resolve({ image, replaces, specDigest: DIGEST, configRoot: DIGEST });
  }

  /** Changes what is known about a container. */
  update(name: string, changes: Partial<ContainerStatus>): void {
    const entry = this.containers.get(name);
    if (entry !== undefined) entry.status = { ...entry.status, ...changes };
  }

  unload(name: string): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.containers.delete(name);
    return Promise.resolve();
  }

  logs(name: string, selection: LogSelection): AsyncIterable<LogLine> {
    this.#demand(name);
    return this.#read(this.lines.get(name) ?? [], selection);
  }

  async *#read(
    lines: readonly LogLine[],
    { stream, tailBytes, follow, signal }: LogSelection,
  ): AsyncGenerator<LogLine> {
    const wanted = (line: LogLine): boolean => stream === 'all' || line.stream === stream;
    let room = tailBytes;
    const tail = lines.filter(wanted).filter(({ text }) => (room -= text.length + 1) >= 0);
    yield* tail;
    for (let next = lines.length; follow && !signal.aborted;) {
      const line = lines[next];
      if (line === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else {
        next += 1;
        if (wanted(line)) yield line;
      }
    }
  }

  exec(name: string, request: ExecRequest): Promise<ExecResult> {
    this.#demand(name);
    this.executed.push(request);
    const timedOut = request.argv[0] === 'sleep';
    return Promise.resolve({
      code: timedOut ? undefined : request.argv.length,
      stdout: utf8(request.argv.join(' ')),
      stderr: utf8('warning\n'),
    });
  }

  setExtension(name: string, oid: string, value: Uint8Array): Promise<void> {
    this.#demand(name);
    this.extensions.set(`${name} ${oid}`, toHex(value));
    return Promise.resolve();
  }

  completeConfig(name: string): Promise<void> {
    this.#demand(name);
    this.configured.add(name);
    return Promise.resolve();
  }

  volumes(): ReturnType<ManagementTarget['volumes']> {
    return Promise.resolve(
      [...this.volumeSizes].map(([name, { bytes, mounted }]) => ({
        name,
        size_mb: bytes / 1_048_576,
        mounted,
      })),
    );
  }

  resizeVolume(name: string, bytes: number): Promise<void> {
    const volume = this.volumeSizes.get(name)!;
    if (bytes < volume.bytes) {
      const message = `volume ${name} would shrink`;
      return Promise.reject(new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message));
    }
    volume.bytes = bytes;
    return Promise.resolve();
  }

  deleteVolume(name: string): Promise<void> {
    if (this.volumeSizes.get(name)?.mounted === true) {
      const message = `volume ${name} is in use`;
      return Promise.reject(new LauncherError('ERR_LAUNCHER_VOLUME_IN_USE', message));
    }
    this.volumeSizes.delete(name);
    return Promise.resolve();
  }

  replaceCa(certificatePem: string): Promise<CaInForce> {
    this.ca = certificatePem;
    const notBefore = new Date('2026-01-01T00:00:00Z');
    const notAfter = new Date('2027-01-01T00:00:00Z');
    return Promise.resolve({ commonName: 'Test intermediary', notBefore, notAfter });
  }

  setAttestationServers(servers: readonly AttestationServer[]): Promise<string> {
    this.servers = servers;
    return Promise.resolve(toHex(attestationServersHash(servers.map(({ url }) => url))));
  }

  #demand(name: string): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.containers.has(name)) return;
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_UNKNOWN', `there is no workload "${name}"`);
  }
}

function pendingStatus(name: string, image: string): ContainerStatus {
  return {
    name,
    image,
    status: 'pending',
    restarts: 0,
    image_digest: DIGEST,
    spec_digest: DIGEST,
    config_root: DIGEST,
  };
}
