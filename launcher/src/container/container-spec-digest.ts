// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { DEFAULT_MEMORY_MB, DEFAULT_VCPUS, type ContainerConfig } from '@proofgate/api';
import { canonicalJson } from '@proofgate/evidence';
import { clientsOfSpec } from '../measurement/client-rules.ts';
import { formatUser } from '../process/process-user.ts';
import { processEnvironment } from '../process/process-spec.ts';
import { isolationOf } from './resolve-container.ts';

/**
 * Digest of everything that a container is declared to be, with every default written out: the value of `spec_digest`
 * in the event log. It needs nothing but the configuration; together with the pin of the image it decides what runs.
 *
 * Secrets count by their names and files, since their content is nobody's to see. What a program outside can run in the
 * container counts as well: a health check that executes something, who may configure it, and whether managers may run
 * programs in it; and so does who may be its client. Restarts and other health checks do not, because the container
 * cannot tell.
 *
 * @param workload - the container
 * @param execAllowed - `platform.containers.exec`
 * @returns SHA-256 in hex over the canonical JSON of the declaration
 * @throws LauncherError ERR_LAUNCHER_ENV_RESERVED; ERR_LAUNCHER_SETTING_UNSUPPORTED when it is a process
 */
export function containerSpecDigest(workload: ContainerConfig, execAllowed = false): string {
  const isolation = isolationOf(workload);
  const spec = {
    version: 1,
    runtime: 'container',
    name: workload.name,
    image: workload.image ?? '',
    command: workload.command,
    env: processEnvironment(workload),
    working_dir: workload.working_dir ?? 'image',
    user: workload.user === undefined ? 'image' : formatUser(workload.user),
    vcpus: workload.resource_vcpus ?? DEFAULT_VCPUS,
    memory_mb: workload.resource_memory_mb ?? DEFAULT_MEMORY_MB,
    volumes: workload.volumes,
    storage: workload.storage ?? 0,
    devices: workload.devices,
    secrets: workload.secrets.map(({ name, file }) => ({ name, file })),
    isolation: {
      read_only_root: isolation.read_only_root,
      no_new_privileges: isolation.no_new_privileges,
      seccomp: isolation.seccomp,
      capabilities: isolation.capabilities,
      allow_root: isolation.allow_root,
      user_namespace: isolation.user_namespace,
      masked_paths: isolation.masked_paths,
      egress: isolation.egress,
      init: isolation.init,
      tmp_size: isolation.tmp_size,
      pids: isolation.pids,
      nofile: isolation.nofile,
      image_labels: {
        volumes: isolation.image_labels.volumes,
        devices: isolation.image_labels.devices,
      },
    },
    config_api: configApiOf(workload),
    owners: workload.owners,
    extensions_path: workload.extensions_path ?? null,
    health_exec: workload.health_check?.exec ?? [],
    ...(execAllowed ? { exec: true } : {}),
    ...clientsOfSpec(workload),
  };
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

function configApiOf({ config_api: configApi }: ContainerConfig): object | null {
  if (configApi === undefined) return null;
  return { method: configApi.method, path: configApi.path, optional: configApi.optional };
}
