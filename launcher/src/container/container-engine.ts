// SPDX-License-Identifier: Apache-2.0
import type { VerifiedImage } from '../image/verified-image.ts';
import type { LogSink } from '../logs/log-sink.ts';
import type { ContainerSpec } from './container-spec.ts';

/** Which program runs containers. */
export type EngineKind = 'containerd' | 'podman';

/** What differs between engines in a way that users notice. */
export interface EngineFeatures {
  /** Whether it reports that the kernel ended a process for want of memory. */
  readonly oomReports: boolean;
  readonly userNamespaces: boolean;
  /** Whether a container exists as a process before any of its code runs, so that its confinement can be checked. */
  readonly checkedBeforeStart: boolean;
}

/** How a container ended. */
export interface EngineExit {
  /** Exit code; 128 + n for signal n. `undefined` when nobody saw it end. */
  readonly code: number | undefined;
  readonly outOfMemory: boolean;
}

/** A container as the engine knows it. */
export interface EngineContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'created' | 'running' | 'stopped';
  /** Process id of its init in the VM's namespace, while there is one. */
  readonly pid: number | undefined;
}

/** A program to be run in a container that runs. */
export interface ExecRequest {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  /** Most bytes of each stream that are kept; the rest is thrown away. */
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal;
}

/** What a program that was run in a container did. */
export interface ExecResult {
  /** `undefined` when it was ended because its time was up. */
  readonly code: number | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * A container engine, reduced to what the launcher uses. Every operation is safe to repeat, and everything an engine
 * leaves behind is found again by {@link ContainerEngine.list}. Engines keep running containers when the launcher ends.
 *
 * All methods throw LauncherError: ERR_LAUNCHER_ENGINE_UNAVAILABLE when the engine does not answer (worth a retry),
 * ERR_LAUNCHER_ENGINE_REFUSED when it refuses.
 */
export interface ContainerEngine {
  readonly kind: EngineKind;
  readonly features: EngineFeatures;
  /** As the engine reports it. */
  version(): Promise<string>;
  /**
   * Makes a verified image ready to run. Does nothing when exactly this image is ready.
   *
   * @param onProgress - fraction from 0 to 1 of what is to be unpacked
   * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH when the engine's own hashes differ from the verified ones
   */
  unpack(
    image: VerifiedImage,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ): Promise<void>;
  /** Pins of the images that are ready. */
  images(): Promise<readonly string[]>;
  /** Removes an image and what only it uses. */
  removeImage(pin: string): Promise<void>;
  /**
   * Creates a container in network, pid, mount, ipc, uts and cgroup namespaces of its own, with nothing but loopback in
   * the network one. Where {@link EngineFeatures.checkedBeforeStart} holds, its init process exists afterwards, has its
   * final confinement, and has executed nothing of the image.
   *
   * @param logs - gets what it prints
   */
  create(spec: ContainerSpec, image: VerifiedImage, logs: LogSink): Promise<EngineContainer>;
  start(id: string): Promise<void>;
  /** Goes on delivering the output of a container that an earlier launcher created. */
  attachLogs(id: string, logs: LogSink): Promise<void>;
  /** Settles when the container has ended; survives a restart of the engine. */
  wait(id: string, signal: AbortSignal): Promise<EngineExit>;
  inspect(id: string): Promise<EngineContainer | undefined>;
  /** Containers of ours, by {@link CONTAINER_LABELS} owner, in any state. */
  list(): Promise<readonly EngineContainer[]>;
  /** Sends a signal to the init process, or to all processes. */
  kill(id: string, signal: number, all: boolean): Promise<void>;
  exec(id: string, request: ExecRequest): Promise<ExecResult>;
  /** Ends whatever is left of a container and forgets it; no error when there is nothing. */
  remove(id: string): Promise<void>;
  /** Lets go of the engine without touching what runs. */
  close(): Promise<void>;
}
