// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { containerConfigSchema, type ContainerConfig } from './container-config.ts';
import { withHostname } from './hostnames.ts';
import { platformConfigSchema, type PlatformConfig } from './platform-config.ts';
import { routeConfigSchema, type RouteConfig } from './route-config.ts';
import { wholeFileProblems } from './vm-config-rules.ts';

/** The VM's config file, checked as a whole and with every default filled in. */
export interface VmConfig {
  readonly version: '1';
  readonly platform: PlatformConfig;
  readonly containers: readonly ContainerConfig[];
  readonly routes: readonly RouteConfig[];
}

/** Workloads or routes of one file: a VM's address space for workload ports ends far above. */
export const MAX_HOSTS = 1_024;

/** Schema of {@link VmConfig}: the one reader of the file; what follows works with the typed result. */
export const vmConfigSchema: z.ZodType<VmConfig, unknown> = z
  .strictObject({
    version: z.literal('1', { error: 'expected version: "1" (in quotes)' }),
    platform: platformConfigSchema,
    containers: z.array(containerConfigSchema).max(MAX_HOSTS).default([]),
    routes: z.array(routeConfigSchema).max(MAX_HOSTS).default([]),
  })
  .superRefine(
    (file, context) => {
      for (const { path, message } of wholeFileProblems(file)) {
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    },
    { when: () => true },
  )
  .transform((file) => ({
    ...file,
    containers: file.containers.map((container) => withHostname(container, file.platform)),
  }));
