// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';
import { ContainerdClient } from './containerd-client.ts';
import { PLUGINS, VERSION } from './methods.ts';

/** No namespace is looked at to answer; one has to be named. */
const PROBE_NAMESPACE = 'proofgate-probe';

/** What turns layers into file systems, best first; `native` copies every file. */
const SNAPSHOTTERS = ['overlayfs', 'native'] as const;

/**
 * Finds out whether containerd answers on a socket.
 *
 * @param options - `timeoutMs`: how long it gets; `failFast`: whether "nobody listens" is an answer, or it gets that
 *   time to begin
 */
export async function answers(
  socket: string,
  options: {
    readonly timeoutMs: number;
    readonly failFast?: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<boolean> {
  const client = new ContainerdClient(socket, PROBE_NAMESPACE);
  try {
    await client.call(VERSION, {}, options);
    return true;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/**
 * Chooses how containerd stores unpacked layers.
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it knows no way that works on this machine
 */
export async function chooseSnapshotter(client: ContainerdClient): Promise<string> {
  const filters = ['type==io.containerd.snapshotter.v1'];
  const { plugins } = await client.call(PLUGINS, { filters });
  const working = plugins.filter(({ initError }) => initError === null).map(({ id }) => id);
  const chosen = SNAPSHOTTERS.find((name) => working.includes(name));
  if (chosen !== undefined) return chosen;
  throw new LauncherError(
    'ERR_LAUNCHER_ENGINE_REFUSED',
    'containerd has no snapshotter that works on this machine',
    { expected: SNAPSHOTTERS.join(' or '), seen: working.join(', ') },
  );
}
