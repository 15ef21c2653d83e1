// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { loadAnswerSchema, type LoadAnswer } from './container-changes.ts';
import { containerStatusSchema, type ContainerStatus } from './container-status.ts';

/** What `proofgate load --json` prints. */
export interface LoadReport {
  /** What the VM accepted, in the order of the file. */
  readonly loads: readonly LoadAnswer[];
  /** What had become of it when the command ended; absent when it did not wait. */
  readonly containers?: readonly ContainerStatus[];
}

/** Schema of {@link LoadReport}. */
export const loadReportSchema: z.ZodType<LoadReport, unknown> = z.strictObject({
  loads: z.array(loadAnswerSchema),
  containers: z.array(containerStatusSchema).exactOptional(),
});
