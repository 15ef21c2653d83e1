// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { ContainerConfig } from '../container-config.ts';
import { judgeFields, type FieldProblem } from './field-errors.ts';
import { loadRequestSchema } from './load-request.ts';

/** A workload of a file, to be loaded. */
export interface LoadEntry {
  /** As it stands in the file, which is what a VM is sent. */
  readonly request: unknown;
  /** What it means. */
  readonly config: ContainerConfig;
}

/** Parts of a config file that say nothing about workloads. */
const OTHER_PARTS: readonly string[] = ['version', 'platform', 'routes'];

/** Schema of a file with workloads: one load request, or `containers` as in the config file. */
export const loadFileSchema: z.ZodType<readonly LoadEntry[], unknown> = z
  .unknown()
  .transform((file, context) => {
    const entries: LoadEntry[] = [];
    for (const { path, request } of requestsIn(file)) {
      const outcome = judgeFields(loadRequestSchema(request), request);
      if (outcome.kind === 'accepted') entries.push({ request, config: outcome.value });
      else for (const problem of outcome.problems) refuse(path, problem);
    }
    for (const key of surplusKeys(file)) refuse([], { path: [key], detail: 'is unknown' });
    if (entries.length === 0 && context.issues.length === 0) {
      refuse([], { path: [], detail: 'names no workload' });
    }
    return entries;

    function refuse(above: readonly PropertyKey[], { path, detail }: FieldProblem): void {
      context.addIssue({ code: 'custom', path: [...above, ...path], message: detail });
    }
  });

interface FoundRequest {
  readonly path: readonly PropertyKey[];
  readonly request: unknown;
}

function requestsIn(file: unknown): readonly FoundRequest[] {
  const list = containersOf(file);
  if (list === undefined) return [{ path: [], request: file }];
  return list.map((request: unknown, index) => ({ path: ['containers', index], request }));
}

function containersOf(file: unknown): readonly unknown[] | undefined {
  if (typeof file !== 'object' || file === null || !('containers' in file)) return undefined;
  return Array.isArray(file.containers) ? file.containers : undefined;
}

function surplusKeys(file: unknown): readonly string[] {
  if (containersOf(file) === undefined || typeof file !== 'object' || file === null) return [];
  return Object.keys(file).filter((key) => key !== 'containers' && !OTHER_PARTS.includes(key));
}
