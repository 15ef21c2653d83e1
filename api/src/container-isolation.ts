// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { ByteCount } from './byte-size.ts';
import { byteSizeField } from './text-fields.ts';

/**
 * What a container may do beyond the strictest setting. Every default is the strict one; whatever differs from it is
 * measured in `spec_digest` and shown by `plan`.
 */
export interface ContainerIsolation {
  readonly read_only_root: boolean;
  readonly no_new_privileges: boolean;
  /** `default` is the launcher's own profile. */
  readonly seccomp: 'default' | 'unconfined';
  /** Linux capabilities that it keeps, such as `CAP_NET_BIND_SERVICE`. */
  readonly capabilities: readonly string[];
  /** Whether its user may have uid 0. */
  readonly allow_root: boolean;
  /** Maps its ids to unprivileged ones of the VM; not every engine can. */
  readonly user_namespace: boolean;
  /** Hides kernel files of /proc and /sys that containers have no use for. */
  readonly masked_paths: boolean;
  /** Whether it may open connections to what is outside the VM; other containers and the VM itself stay closed to it. */
  readonly egress: 'none' | 'internet';
  /** A small init as process 1, which passes signals on and reaps. */
  readonly init: boolean;
  /** Size of the tmpfs on /tmp. */
  readonly tmp_size: ByteCount;
  /** Most processes and threads at a time. */
  readonly pids: number;
  /** Most open files of a process. */
  readonly nofile: number;
  /** Whether the image's volume and device labels are honoured. */
  readonly image_labels: { readonly volumes: boolean; readonly devices: boolean };
}

/** Enough for scratch files; it counts against the container's memory. */
export const DEFAULT_TMP_SIZE = '64MiB';
/** A server with a pool of threads fits; a fork bomb does not. */
export const DEFAULT_PIDS = 256;
/** Four thousand connections; more is what a server that needs it asks for. */
export const DEFAULT_NOFILE = 4_096;
/** The kernel's own limit (proc(5), pid_max on 64-bit systems). */
const MAX_PIDS = 4_194_304;
/** The kernel's default of fs.nr_open. */
const MAX_NOFILE = 1_048_576;

const capability = z.string().regex(/^CAP_[A-Z_]{2,40}$/, {
  error: 'expected a capability such as CAP_NET_BIND_SERVICE',
});

/** Schema of {@link ContainerIsolation}. */
export const containerIsolationSchema: z.ZodType<ContainerIsolation, unknown> = z.strictObject({
  read_only_root: z.boolean().default(true),
  no_new_privileges: z.boolean().default(true),
  seccomp: z.enum(['default', 'unconfined']).default('default'),
  capabilities: z.array(capability).max(64).default([]),
  allow_root: z.boolean().default(false),
  user_namespace: z.boolean().default(false),
  masked_paths: z.boolean().default(true),
  egress: z.enum(['none', 'internet']).default('none'),
  init: z.boolean().default(true),
  tmp_size: byteSizeField({ min: 4_096 }).prefault(DEFAULT_TMP_SIZE),
  pids: z.int().min(1).max(MAX_PIDS).default(DEFAULT_PIDS),
  nofile: z.int().min(16).max(MAX_NOFILE).default(DEFAULT_NOFILE),
  image_labels: z
    .strictObject({ volumes: z.boolean().default(false), devices: z.boolean().default(false) })
    .prefault({}),
});
