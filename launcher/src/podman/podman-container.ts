// SPDX-License-Identifier: Apache-2.0
import type { EngineContainer } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import {
  flagIn,
  integerIn,
  listOf,
  objectIn,
  objectOf,
  textFieldsOf,
  textIn,
  textsOf,
} from './answer-fields.ts';

/** A container as podman describes it. */
export interface PodmanContainer extends EngineContainer {
  /** Configuration digest of its image, without the algorithm. */
  readonly imageId: string;
  /** Exit code, once it has ended; negative when podman does not know it. */
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** Process id of the conmon that watches it, while podman believes that there is one. */
  readonly watcherPid: number | undefined;
}

/** Podman's states (libpod `ContainerStatus`) as the launcher's. */
const STATES: Readonly<Record<string, EngineContainer['state']>> = {
  configured: 'created',
  created: 'created',
  initialized: 'created',
  running: 'running',
  stopping: 'running',
  paused: 'running',
  exited: 'stopped',
  stopped: 'stopped',
  removing: 'stopped',
};

/**
 * Reads podman's description of one container (libpod API, `GET /containers/{name}/json`).
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not one
 */
export function podmanContainerOf(answer: unknown): PodmanContainer {
  const container = objectOf(answer, 'container');
  const state = objectIn(container, 'State');
  return {
    id: textIn(container, 'Name'),
    labels: textFieldsOf(objectIn(objectIn(container, 'Config'), 'Labels')),
    state: stateOf(textIn(state, 'Status')),
    pid: pidOf(state['Pid']),
    imageId: textIn(container, 'Image'),
    exitCode: integerIn(state, 'ExitCode'),
    outOfMemory: flagIn(state, 'OOMKilled'),
    watcherPid: pidOf(state['ConmonPid']),
  };
}

/**
 * Reads podman's list of containers (libpod API, `GET /containers/json`).
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not one
 */
export function podmanContainersOf(answer: unknown): readonly EngineContainer[] {
  return listOf(answer, 'containers').map((entry) => {
    const container = objectOf(entry, 'container');
    const [name] = textsOf(listOf(container['Names'], 'Names'));
    return {
      id: name ?? textIn(container, 'Id'),
      labels: textFieldsOf(objectIn(container, 'Labels')),
      state: stateOf(textIn(container, 'State')),
      pid: pidOf(container['Pid']),
    };
  });
}

/** Podman writes 0, or nothing, where there is no process. */
function pidOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function stateOf(text: string): EngineContainer['state'] {
  const state = STATES[text];
  if (state !== undefined) return state;
  const message = `podman reports a state that is not known: ${text}`;
  throw new LauncherError('ERR_LAUNCHER_ENGINE_REFUSED', message, { seen: text });
}
