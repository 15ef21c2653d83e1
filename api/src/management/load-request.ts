// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { containerConfigSchema, type ContainerConfig } from '../container-config.ts';

/*
 * The body of `POST /api/v1/containers` has one of two forms: an entry of `containers` as in the config file, or the
 * load request of Enclave OS. Most members are the same in both and mean the same. A request with a member that only
 * Enclave OS has is read in that form; members of both forms in one request are refused, as is everything unknown.
 */

/** Members of Enclave OS that stand for something else here. */
const RENAMED = ['resources', 'wait_ready'] as const;

/** Members of Enclave OS that ask for what is not there, and what that is. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  key_handle: 'volume keys in vaults',
  key_creation_grant: 'volume keys in vaults',
  vault_endpoints: 'volume keys in vaults',
  vault_mrenclave: 'volume keys in vaults',
  vault_attestation_server: 'volume keys in vaults',
  registry_secret_handle: 'registry credentials in vaults: name a file in platform.containers',
  session_relay_key_handle: 'the session relay',
  session_relay_key_grant: 'the session relay',
};

/** Members that Enclave OS and the config file have in common. */
const SHARED = [
  'name',
  'image',
  'port',
  'volumes',
  'command',
  'internal',
  'ingress_allowed_callers',
  'dependencies',
  'health_check',
  'storage',
  'app_id',
  'hostname',
  'devices',
  'config_api',
  'owners',
] as const;

const notSupported = Object.fromEntries(
  Object.entries(UNSUPPORTED).map(([name, what]) => [
    name,
    z.never({ error: `is not supported: ${what}` }).exactOptional(),
  ]),
);

/** What the second reader judges. */
const judgedLater = Object.fromEntries(SHARED.map((name) => [name, z.unknown().optional()]));

const enclaveOsMembersSchema = z.strictObject({
  ...judgedLater,
  ...notSupported,
  resources: z
    .strictObject({
      vcpus: z.number().min(0).max(4_096).exactOptional(),
      memory_mb: z
        .int()
        .min(0)
        .max(2 ** 30)
        .exactOptional(),
    })
    .exactOptional(),
  wait_ready: z.boolean().exactOptional(),
});

/** The load request of Enclave OS. */
export const enclaveOsLoadSchema: z.ZodType<ContainerConfig, unknown> = enclaveOsMembersSchema
  .transform(({ resources, wait_ready: _deprecated, ...shared }): unknown => ({
    ...shared,
    ...(resources?.vcpus === undefined ? {} : { resource_vcpus: resources.vcpus }),
    ...(resources?.memory_mb === undefined ? {} : { resource_memory_mb: resources.memory_mb }),
  }))
  .pipe(containerConfigSchema);

/**
 * The schema that reads a load request, chosen by its members. A container without resources gets the defaults of the
 * config file, also in the form of Enclave OS, where it would have no bounds.
 *
 * @param request the parsed body
 */
export function loadRequestSchema(request: unknown): z.ZodType<ContainerConfig, unknown> {
  const foreign = [...RENAMED, ...Object.keys(UNSUPPORTED)];
  const isForeign = isObject(request) && foreign.some((name) => Object.hasOwn(request, name));
  return isForeign ? enclaveOsLoadSchema : containerConfigSchema;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
