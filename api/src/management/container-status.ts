// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Where a workload is in its life. */
export type ContainerState = (typeof CONTAINER_STATES)[number];

/** All of {@link ContainerState}, in the order of a life. */
export const CONTAINER_STATES = [
  'pending',
  'pulling',
  'starting',
  'running',
  'healthy',
  'unhealthy',
  'stopping',
  'stopped',
  'failed',
] as const;

/** How far an image is on its way. */
export interface PullProgress {
  /** Bytes of all layers, compressed; 0 until the manifest is known. */
  readonly total_bytes: number;
  readonly downloaded_bytes: number;
  /** From 0 to 1, once unpacking has begun. */
  readonly unpacked_fraction?: number;
}

/** What runs a workload, and what it cannot do. */
export interface EngineStatus {
  readonly name: 'process' | 'containerd' | 'podman';
  /** As the engine reports it. */
  readonly version?: string;
  /** Whether it tells when the kernel ended a workload for want of memory. */
  readonly oom_reports: boolean;
  readonly user_namespaces: boolean;
  /** Whether the confinement is read back from the kernel before any code of the image runs. */
  readonly checked_before_start: boolean;
}

/** How a workload ended the last time. */
export interface LastExit {
  /** Class of the reason, such as `exited` or `signalled`. */
  readonly kind: string;
  /** The reason in words. */
  readonly message: string;
  readonly exit_code?: number;
  readonly signal?: string;
}

/** A version of a workload that is being made ready while the one before it serves, or that has failed to. */
export interface Replacement {
  readonly image: string;
  readonly spec_digest: string;
  readonly status: ContainerState;
  readonly pull_progress?: PullProgress;
  /** Why it was given up; the earlier version goes on serving. */
  readonly error?: string;
  readonly error_code?: string;
}

/** One workload in the answer to `GET /api/v1/status`. */
export interface ContainerStatus {
  readonly name: string;
  /** Pinned reference; `process:` and the program of a workload without an image. */
  readonly image: string;
  readonly status: ContainerState;
  readonly pull_progress?: PullProgress;
  /** Why it failed. */
  readonly error?: string;
  readonly error_code?: string;
  /** Present and true while it serves nothing but its configure route. */
  readonly awaiting_config?: boolean;
  readonly engine?: EngineStatus;
  readonly hostname?: string;
  readonly port?: number;
  /** Where the VM, and so the proxy, reaches it: `host:port`, once it has been started. */
  readonly address?: string;
  readonly pid?: number;
  /** ISO 8601, of the instance that runs. */
  readonly started_at?: string;
  readonly restarts: number;
  readonly last_exit?: LastExit;
  /** SHA-256 in hex, as in the certificate. */
  readonly image_digest: string;
  /** SHA-256 in hex, as in the event log. */
  readonly spec_digest: string;
  /** Root of its configuration tree, hex. */
  readonly config_root: string;
  readonly replacement?: Replacement;
}

const state = z.enum(CONTAINER_STATES);
const count = z.int().min(0);
const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 lower-case hex digits' });

const pullProgress = z.strictObject({
  total_bytes: count,
  downloaded_bytes: count,
  unpacked_fraction: z.number().min(0).max(1).exactOptional(),
});

const engine = z.strictObject({
  name: z.enum(['process', 'containerd', 'podman']),
  version: z.string().exactOptional(),
  oom_reports: z.boolean(),
  user_namespaces: z.boolean(),
  checked_before_start: z.boolean(),
});

const lastExit = z.strictObject({
  kind: z.string(),
  message: z.string(),
  exit_code: z.int().exactOptional(),
  signal: z.string().exactOptional(),
});

const failure = { error: z.string().exactOptional(), error_code: z.string().exactOptional() };

const replacement = z.strictObject({
  image: z.string(),
  spec_digest: sha256Hex,
  status: state,
  pull_progress: pullProgress.exactOptional(),
  ...failure,
});

/** Schema of {@link ContainerStatus}. */
export const containerStatusSchema: z.ZodType<ContainerStatus, unknown> = z.strictObject({
  name: z.string(),
  image: z.string(),
  status: state,
  pull_progress: pullProgress.exactOptional(),
  ...failure,
  awaiting_config: z.boolean().exactOptional(),
  engine: engine.exactOptional(),
  hostname: z.string().exactOptional(),
  port: z.int().exactOptional(),
  address: z.string().exactOptional(),
  pid: count.exactOptional(),
  started_at: z.iso.datetime().exactOptional(),
  restarts: count,
  last_exit: lastExit.exactOptional(),
  image_digest: sha256Hex,
  spec_digest: sha256Hex,
  config_root: sha256Hex,
  replacement: replacement.exactOptional(),
});

/** Schema of the answer to `GET /api/v1/status`. */
export const statusAnswerSchema: z.ZodType<readonly ContainerStatus[], unknown> =
  z.array(containerStatusSchema);
