// SPDX-License-Identifier: Apache-2.0
import type { ContainersPlatformConfig, RuntimeChoice } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import type { ContainerEngine, EngineKind } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';

/** What engines are opened with. */
export interface EngineSurroundings {
  /** Eight hex digits that tell this launcher from others on the machine. */
  readonly owner: string;
  /** Absolute path of the launcher's data directory. */
  readonly dataDir: string;
  /** Absolute path of its directory for what a reboot empties. */
  readonly runDir: string;
  /** Control group above those of the containers. */
  readonly cgroupParent: string;
  /** Names this boot of the kernel. */
  readonly bootId: string;
  readonly settings: ContainersPlatformConfig;
  /** Where programs are looked for; the system's directories unless told. */
  readonly programDirectories?: readonly string[];
  readonly logger: Logger;
}

/** A container engine at work. */
export interface OpenedEngine {
  readonly engine: ContainerEngine;
  /** Why this one, for people. */
  readonly reason: string;
  /** Lets go of it, and ends it when it was started for this launcher; containers go on running. */
  shutDown(): Promise<void>;
}

/** Order in which `auto` tries engines: the one with the most guarantees first. */
const ENGINE_ORDER: readonly EngineKind[] = ['containerd', 'podman'];

/**
 * Opens the container engine that the config file asks for. `auto` takes the one that containers of this launcher run in
 * already, else the first of containerd and podman that is there.
 *
 * @param choice - `platform.runtime`
 * @param inUse - the engine that containers run in already, if there are any
 * @param surroundings - this launcher
 * @returns the engine
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when there is none; ERR_LAUNCHER_ENGINE_UNAVAILABLE when the one
 *   to be used does not answer
 */
export async function openEngine(
  choice: RuntimeChoice,
  inUse: EngineKind | undefined,
  surroundings: EngineSurroundings,
): Promise<OpenedEngine> {
  if (choice === 'process') throw none('platform.runtime is process', []);
  if (choice !== 'auto') return openKind(choice, 'the config asks for it', surroundings);
  if (inUse !== undefined) return openKind(inUse, 'containers run in it', surroundings);
  const missing: string[] = [];
  for (const kind of ENGINE_ORDER) {
    try {
      return await openKind(kind, firstReason(missing), surroundings);
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing.push(`${kind}: ${error.message}`);
    }
  }
  throw none('there is no container engine on this machine', missing);
}

/**
 * Opens one engine.
 *
 * @param why - for people
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE, ERR_LAUNCHER_ENGINE_UNAVAILABLE
 */
export async function openKind(
  kind: EngineKind,
  why: string,
  surroundings: EngineSurroundings,
): Promise<OpenedEngine> {
  switch (kind) {
    // Loaded when they are used: what only reads a config file should not wait for the libraries of both.
    case 'containerd': {
      const { openContainerd } = await import('../containerd/open-containerd.ts');
      return open(why, surroundings.settings.containerd_socket, surroundings, openContainerd);
    }
    case 'podman': {
      const { openPodman } = await import('../podman/open-podman.ts');
      return open(why, surroundings.settings.podman_socket, surroundings, openPodman);
    }
  }
}

/** What the functions that open one engine have in common. */
interface Opened extends OpenedEngine {
  readonly socket: string;
  readonly isPrivate: boolean;
}

type CommonOptions = Omit<EngineSurroundings, 'settings'> & { readonly socket?: string };

async function open(
  why: string,
  socket: string | undefined,
  { settings: _, bootId, ...surroundings }: EngineSurroundings,
  openIt: (options: CommonOptions) => Promise<Opened>,
): Promise<OpenedEngine> {
  const opened = await openIt({
    ...surroundings,
    bootId: bootId.replaceAll('-', ''),
    ...(socket === undefined ? {} : { socket }),
  });
  const which = opened.isPrivate ? 'one of our own' : `the one at ${opened.socket}`;
  return {
    engine: opened.engine,
    reason: `${why}; ${which}: ${opened.reason}`,
    shutDown: () => opened.shutDown(),
  };
}

function firstReason(missing: readonly string[]): string {
  return missing.length === 0 ? 'it comes first' : `it is there (${missing.join('; ')})`;
}

function isMissing(error: unknown): error is LauncherError {
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE';
}

function none(why: string, missing: readonly string[]): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
    `containers cannot be run: ${[why, ...missing].join('; ')}`,
    {
      expected: 'containerd with runc, or podman with conmon and runc',
      hint: 'install one of them, set platform.runtime, or run a program of the VM with "runtime: process"',
    },
  );
}
