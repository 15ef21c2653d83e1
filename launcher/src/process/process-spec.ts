// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { ContainerConfig } from '@proofgate/api';
import { canonicalJson } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { clientsOfSpec } from '../measurement/client-rules.ts';
import { INHERITED_SOCKET } from '../workload-api/socket-place.ts';
import { formatUser } from './process-user.ts';

/**
 * The environment of a workload: what it declares, `PORT`, `PROOFGATE_WORKLOAD` (its name), and for a process, which has
 * no directory to itself, `PROOFGATE_WORKLOAD_SOCKET`. Nothing is inherited from the launcher.
 *
 * @param workload - the workload
 * @returns the complete environment
 * @throws LauncherError ERR_LAUNCHER_ENV_RESERVED when the workload declares one of them itself: the measured value
 *   would not be the one that it sees
 */
export function processEnvironment(workload: ContainerConfig): Readonly<Record<string, string>> {
  const injected = {
    PORT: String(workload.port),
    PROOFGATE_WORKLOAD: workload.name,
    ...(workload.runtime === 'process' ? { PROOFGATE_WORKLOAD_SOCKET: INHERITED_SOCKET } : {}),
  };
  const clash = Object.keys(injected).find((name) => Object.hasOwn(workload.env, name));
  if (clash !== undefined) {
    throw new LauncherError(
      'ERR_LAUNCHER_ENV_RESERVED',
      `env of workload ${workload.name} declares ${clash}, which the launcher sets`,
      { seen: clash, hint: 'remove it; PORT comes from "port"' },
    );
  }
  return { ...workload.env, ...injected };
}

/**
 * Where a process workload starts.
 *
 * @param workload - the workload
 * @returns the declared directory, or `/`
 */
export function processWorkingDir(workload: ContainerConfig): string {
  return workload.working_dir ?? '/';
}

/**
 * Refuses what a container engine would provide and a plain process cannot have. A setting that is read and then
 * ignored would promise something that nobody keeps.
 *
 * @param workload - the workload
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED naming the settings
 */
export function refuseContainerSettings(workload: ContainerConfig): void {
  const settings = {
    volumes: workload.volumes.length > 0,
    devices: workload.devices.length > 0,
    storage: workload.storage !== undefined,
    resource_vcpus: (workload.resource_vcpus ?? 0) > 0,
    resource_memory_mb: (workload.resource_memory_mb ?? 0) > 0,
    dependencies: workload.dependencies.entries.length > 0,
    secrets: workload.secrets.length > 0,
    config_api: workload.config_api !== undefined,
    ingress_allowed_callers: workload.ingress_allowed_callers.entries.length > 0,
  };
  const used = Object.entries(settings).flatMap(([name, set]) => (set ? [name] : []));
  if (used.length === 0) return;
  throw new LauncherError(
    'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    `workload ${workload.name} is a process and cannot have ${used.join(', ')}`,
    { seen: used.join(', '), hint: 'remove the setting, or run the workload as a container' },
  );
}

/**
 * Digest of everything that decides how the process runs and who may be its client: the value of `spec_digest` in the
 * event log. Health checks and the restart policy are left out, because the process does not see them. The user is
 * measured as declared: the number that a default turns into depends on whether the launcher is root.
 *
 * @param workload - the workload
 * @returns SHA-256 in hex over the canonical JSON of the specification
 */
export function processSpecDigest(workload: ContainerConfig): string {
  const spec = {
    version: 1,
    runtime: 'process',
    name: workload.name,
    command: workload.command,
    env: processEnvironment(workload),
    working_dir: processWorkingDir(workload),
    user: workload.user === undefined ? 'default' : formatUser(workload.user),
    ...clientsOfSpec(workload),
  };
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}
