// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** A secret that a container reads as the file `/run/secrets/<name>`, on a tmpfs and owned by its user. */
export interface ContainerSecret {
  /** Name of the file in the container. */
  readonly name: string;
  /** Absolute path in the VM, below the directory for secrets and readable by its owner alone. */
  readonly file: string;
}

/** Where a container must be configured by its owner before anything else of it is served. */
export interface ConfigApi {
  /** Upper case. */
  readonly method: string;
  /** Exact path, as the request has it. */
  readonly path: string;
  /** Serves the rest without waiting; the configuration itself still needs the owner. */
  readonly optional: boolean;
}

/** More secrets than this are one file with a format of its own. */
const MAX_SECRETS = 128;

const secretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
  error: 'expected letters, digits, dots, hyphens and underscores',
});

const secretFile = z
  .string()
  .max(4_095)
  .refine(
    (path) => path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..'),
    {
      error: 'expected an absolute path without ..',
    },
  );

/** Schema of a list of {@link ContainerSecret}. */
export const containerSecretsSchema: z.ZodType<readonly ContainerSecret[], unknown> = z
  .array(z.strictObject({ name: secretName, file: secretFile }))
  .max(MAX_SECRETS)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: 'two secrets have the same name',
  });

/** Schema of {@link ConfigApi}. */
export const configApiSchema: z.ZodType<ConfigApi, unknown> = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Za-z]{1,20}$/, { error: 'expected an HTTP method' })
    .transform((method) => method.toUpperCase())
    .default('POST'),
  path: z
    .string()
    .max(1_024)
    .regex(/^\/[!-~]*$/, { error: 'expected a path that begins with /' })
    .refine((path) => !/[?#]/.test(path), { error: 'expected a path without query' }),
  optional: z.boolean().default(false),
});
