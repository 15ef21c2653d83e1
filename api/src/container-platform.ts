// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { ByteCount } from './byte-size.ts';
import { byteSizeField } from './text-fields.ts';

/** A registry that needs more than its name. */
export interface RegistryConfig {
  /** As in image references, with the port where there is one. */
  readonly host: string;
  /** File with `user:password` or `token` on one line, readable by its owner alone. */
  readonly credentials_file?: string;
  /** Plain HTTP; without it only loopback is asked that way. */
  readonly plain_http: boolean;
}

/** How the VM runs containers; everything has a default. */
export interface ContainersPlatformConfig {
  readonly registries: readonly RegistryConfig[];
  /** IPv4 network, in CIDR notation, that the containers' addresses are taken from. */
  readonly network: string;
  /** Socket of a running containerd; otherwise the usual place is tried, then a private one is started. */
  readonly containerd_socket?: string;
  /** Socket of a running podman service with runc; otherwise a private one is started. */
  readonly podman_socket?: string;
  /** Whether `exec` is possible at all; each use is logged, and that it is possible is measured. */
  readonly exec: boolean;
  /** Directory that the files of secrets are in, at any depth; `<data_dir>/secrets` unless given. */
  readonly secrets_dir?: string;
  /** Most bytes that one image may have, unpacked. */
  readonly max_image_size: ByteCount;
}

/** A corner of 10.0.0.0/8 that neither Enclave OS (10.88.0.0/16) nor the engines use. */
export const DEFAULT_CONTAINER_NETWORK = '10.92.0.0/16';
/** Room for a language runtime and a model server; a bomb stops here. */
export const DEFAULT_MAX_IMAGE_SIZE = '8GiB';
/** More registries than this is a mistake. */
const MAX_REGISTRIES = 64;

const absolutePath = z
  .string()
  .max(4_095)
  .refine((path) => path.startsWith('/') && !path.includes('\0'), {
    error: 'expected an absolute path',
  });

const registrySchema = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, {
    error: 'expected a host name, with a port where there is one',
  }),
  credentials_file: absolutePath.exactOptional(),
  plain_http: z.boolean().default(false),
});

const network = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/(8|9|1\d|2[0-6])$/, {
  error: 'expected an IPv4 network such as 10.92.0.0/16, with 8 to 26 bits',
});

/** Schema of {@link ContainersPlatformConfig}. */
export const containersPlatformSchema: z.ZodType<ContainersPlatformConfig, unknown> =
  z.strictObject({
    registries: z.array(registrySchema).max(MAX_REGISTRIES).default([]),
    network: network.default(DEFAULT_CONTAINER_NETWORK),
    containerd_socket: absolutePath.exactOptional(),
    podman_socket: absolutePath.exactOptional(),
    exec: z.boolean().default(false),
    secrets_dir: absolutePath.exactOptional(),
    max_image_size: byteSizeField({ min: 1 }).prefault(DEFAULT_MAX_IMAGE_SIZE),
  });
