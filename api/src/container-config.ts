// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import {
  byteSizeField,
  checkedText,
  durationField,
  hostnameField,
  labelField,
  parsedText,
} from './text-fields.ts';
import type { ByteCount } from './byte-size.ts';
import { appIdField } from './encoded-fields.ts';
import {
  clientProblems,
  clientsField,
  policyObjectField,
  type ClientsMode,
  type PolicyObject,
} from './client-rules.ts';
import { containerIsolationSchema, type ContainerIsolation } from './container-isolation.ts';
import {
  configApiSchema,
  containerSecretsSchema,
  type ConfigApi,
  type ContainerSecret,
} from './container-secrets.ts';
import { dependencySetSchema, type DependencySet } from './dependency-set.ts';
import type { Milliseconds } from './duration.ts';
import { healthCheckSchema, type HealthCheck } from './health-check.ts';
import { parseImageReference } from './image-reference.ts';
import type { HostMode } from './upstream.ts';
import { parseUser, type UserAndGroup } from './user.ts';
import { parseVolume } from './volume.ts';

/** What a container needs to run: an image, or a program of the measured VM image. */
export type WorkloadRuntime = 'container' | 'process';

/** Whether a host's leaf carries the quote, or clients ask for one that belongs to their session. */
export type AttestationMode = 'certificate' | 'session';

/** What happens when a workload ends by itself. */
export interface RestartPolicy {
  readonly policy: 'always' | 'on-failure' | 'never';
  /** Wait before the first restart; it doubles with each further one. */
  readonly initial_delay: Milliseconds;
  readonly max_delay: Milliseconds;
  /** A workload that stayed up this long starts again from `initial_delay`. */
  readonly reset_after: Milliseconds;
}

/** One workload of the file, with every default filled in. */
export interface ContainerConfig {
  /** A DNS label, unique in the file. */
  readonly name: string;
  readonly runtime: WorkloadRuntime;
  /** Digest-pinned reference, see `parseImageReference`; present exactly when `runtime` is `container`. */
  readonly image?: string;
  /** Port that the workload listens on, unique in the file. */
  readonly port: number;
  /** Replaces the image's entrypoint and command; empty means the image's own. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** As written, since the configuration tree commits to the text; see `parseVolume`. */
  readonly volumes: readonly string[];
  /** No host name and no certificate. */
  readonly internal: boolean;
  /** Public name; derived from the platform's when the file has none, absent only when `internal`. */
  readonly hostname?: string;
  readonly mode: HostMode;
  readonly attestation: AttestationMode;
  /** Whether its clients have to prove themselves. Measured, with the policy. */
  readonly clients: ClientsMode;
  /** The policy that judges them; present unless `clients` is `none`. A part of the file, so that it is measured with it. */
  readonly client_policy?: PolicyObject;
  readonly health_check?: HealthCheck;
  readonly restart: RestartPolicy;
  /** Size of the encrypted volume mounted at `/data`. */
  readonly storage?: ByteCount;
  /** Absolute paths of the VM's devices. */
  readonly devices: readonly string[];
  /** 0: unlimited. A container without it gets {@link DEFAULT_VCPUS}. */
  readonly resource_vcpus?: number;
  /** 0: unlimited. A container without it gets {@link DEFAULT_MEMORY_MB}. */
  readonly resource_memory_mb?: number;
  readonly user?: UserAndGroup;
  readonly working_dir?: string;
  /** UUID as 32 lower-case hex digits. */
  readonly app_id?: string;
  readonly ingress_allowed_callers: DependencySet;
  readonly dependencies: DependencySet;
  /** Present exactly when `runtime` is `container`. */
  readonly isolation?: ContainerIsolation;
  readonly secrets: readonly ContainerSecret[];
  readonly config_api?: ConfigApi;
  /** Path at which it is asked for extensions of its certificate, as often as for its health. */
  readonly extensions_path?: string;
  /** OIDC subjects that may configure it. */
  readonly owners: readonly string[];
  /** Names of workloads that must be up before this one starts. */
  readonly depends_on: readonly string[];
  /** Time between its stop signal and SIGKILL. */
  readonly stop_grace: Milliseconds;
}

/** One core: a neighbour that spins takes no more than that. */
export const DEFAULT_VCPUS = 1;
/** Enough for a language runtime; a leak ends before it takes the VM's other workloads along. */
export const DEFAULT_MEMORY_MB = 1_024;
/** Time to finish requests, as container engines and Enclave OS give. */
export const DEFAULT_STOP_GRACE = '10s';

/** Ports that Enclave OS keeps for its platform: a workload that took one would not run there. */
export const RESERVED_PORTS: readonly number[] = [8080];

/** Arguments, variables, volumes or devices of one workload: above what a kernel or a person can use well. */
export const MAX_LIST_ITEMS = 1_024;
/** One argument or variable: Linux refuses more than 128 KiB (execve(2), MAX_ARG_STRLEN). */
export const MAX_ARGUMENT_LENGTH = 131_071;

/** First wait before a restart: long enough to read a crash loop in the log. */
export const DEFAULT_RESTART_INITIAL_DELAY = '1s';
/** Longest wait between restarts: a dependency that came back is noticed within a minute. */
export const DEFAULT_RESTART_MAX_DELAY = '1m';
/** Uptime after which a crash counts as the first one again. */
export const DEFAULT_RESTART_RESET_AFTER = '10m';

// NUL separates the items in the configuration tree and ends them in execve(2): it can be in none of them.
const plainText = z
  .string()
  .max(MAX_ARGUMENT_LENGTH)
  .refine((text) => !text.includes('\0'), { error: 'must not contain a NUL character' });

const absolutePath = plainText.refine(
  (path) => path.startsWith('/') && !path.split('/').includes('..'),
  { error: 'expected an absolute path without ..' },
);

// YAML reads 8080 and true as a number and a boolean: a variable is always text.
const envValue = z
  .union([plainText, z.number(), z.boolean(), z.null()], { error: 'expected text' })
  .transform((value) => (value === null ? '' : String(value)));

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, {
  error: 'expected letters, digits and underscores, not starting with a digit',
});

const delay = { minMs: 0, maxMs: 86_400_000 } as const;

const restartSchema = z.strictObject({
  policy: z.enum(['always', 'on-failure', 'never']).default('always'),
  initial_delay: durationField(delay).prefault(DEFAULT_RESTART_INITIAL_DELAY),
  max_delay: durationField(delay).prefault(DEFAULT_RESTART_MAX_DELAY),
  reset_after: durationField(delay).prefault(DEFAULT_RESTART_RESET_AFTER),
});

const containerShape = {
  name: labelField(),
  runtime: z.enum(['container', 'process']).default('container'),
  image: checkedText(parseImageReference).exactOptional(),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .refine((port) => !RESERVED_PORTS.includes(port), {
      error: (issue) => `port ${String(issue.input)} is reserved for the platform`,
    }),
  command: z.array(plainText).max(MAX_LIST_ITEMS).default([]),
  env: z.record(envName, envValue).default({}),
  volumes: z.array(checkedText(parseVolume)).max(MAX_LIST_ITEMS).default([]),
  internal: z.boolean().default(false),
  hostname: hostnameField().exactOptional(),
  mode: z.enum(['http', 'tcp']).default('http'),
  attestation: z.enum(['certificate', 'session']).default('certificate'),
  clients: clientsField,
  client_policy: policyObjectField.exactOptional(),
  health_check: healthCheckSchema.exactOptional(),
  restart: restartSchema.prefault({}),
  storage: byteSizeField({ min: 1 }).exactOptional(),
  devices: z.array(absolutePath).max(MAX_LIST_ITEMS).default([]),
  resource_vcpus: z.number().min(0).max(4_096).exactOptional(),
  resource_memory_mb: z
    .int()
    .min(0)
    .max(2 ** 30)
    .exactOptional(),
  user: parsedText(parseUser).exactOptional(),
  working_dir: absolutePath.exactOptional(),
  app_id: appIdField().exactOptional(),
  ingress_allowed_callers: dependencySetSchema.prefault({ entries: [] }),
  dependencies: dependencySetSchema.prefault({ entries: [] }),
  isolation: containerIsolationSchema.exactOptional(),
  secrets: containerSecretsSchema.prefault([]),
  config_api: configApiSchema.exactOptional(),
  extensions_path: z
    .string()
    .max(1_024)
    .regex(/^\/[!"$-~]*$/, { error: 'expected a path that begins with /' })
    .exactOptional(),
  owners: z.array(z.string().min(1).max(512)).max(MAX_LIST_ITEMS).default([]),
  depends_on: z.array(labelField()).max(MAX_LIST_ITEMS).default([]),
  stop_grace: durationField({ minMs: 0, maxMs: 3_600_000 }).prefault(DEFAULT_STOP_GRACE),
};

/** Schema of {@link ContainerConfig}. */
export const containerConfigSchema: z.ZodType<ContainerConfig, unknown> = z
  .strictObject(containerShape)
  .superRefine(
    (container, context) => {
      for (const problems of [runtimeProblems, configureProblems, clientProblems]) {
        for (const { path, message } of problems(container)) {
          context.addIssue({ code: 'custom', path: [path], message });
        }
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .transform(({ isolation, ...container }) => ({
    ...container,
    ...(container.runtime === 'container'
      ? { isolation: isolation ?? containerIsolationSchema.parse({}) }
      : {}),
  }));

/** Paths of every host that the proxy answers itself. */
const PROXY_PATHS: readonly unknown[] = ['/.well-known/attestation', '/__privasys/attest'];

/** What a configuration by the owner needs. Runs beside other problems of the container, so a field may be anything. */
function* configureProblems({
  mode,
  config_api: configApi,
}: {
  readonly mode?: unknown;
  readonly config_api?: unknown;
}): Generator<{ readonly path: string; readonly message: string }> {
  if (typeof configApi !== 'object' || configApi === null) return;
  if (mode === 'tcp') {
    yield { path: 'config_api', message: 'needs mode http: with tcp nobody sees requests' };
  }
  if ('path' in configApi && PROXY_PATHS.includes(configApi.path)) {
    yield { path: 'config_api', message: 'has a path that the proxy answers itself' };
  }
}

/** What a runtime needs. Runs beside other problems of the container, so a field may be anything. */
function* runtimeProblems(container: {
  readonly runtime?: unknown;
  readonly image?: unknown;
  readonly command?: unknown;
  readonly isolation?: unknown;
}): Generator<{ readonly path: string; readonly message: string }> {
  const { runtime, image, command, isolation } = container;
  if (runtime === 'container' && image === undefined) {
    yield { path: 'image', message: 'a container needs an image' };
  }
  if (runtime !== 'process') return;
  if (image !== undefined) {
    yield { path: 'image', message: 'runtime process runs a program of the VM: remove the image' };
  }
  if (isolation !== undefined) {
    yield { path: 'isolation', message: 'is for containers: a process shares the VM' };
  }
  const program: unknown = Array.isArray(command) ? command[0] : undefined;
  if (typeof program !== 'string' || !program.startsWith('/')) {
    const message = 'runtime process needs a command that starts with an absolute path';
    yield { path: 'command', message };
  }
}
