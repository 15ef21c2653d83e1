// SPDX-License-Identifier: Apache-2.0
import type { ManagementOperation } from '@proofgate/api';
import type { UnixResponse } from '@proofgate/daemon';
import type { ManagementCall } from './call.ts';
import type { ManagementMetrics } from './management-metrics.ts';
import type { ManagementTarget } from './management-target.ts';

/** A call with everything that carrying it out takes. */
export interface OperationCall extends ManagementCall {
  readonly target: ManagementTarget;
  readonly metrics: ManagementMetrics;
  /** Whether the config file allows programs to be run in containers. */
  readonly execAllowed: boolean;
  /** Adds to what the audit log says about this call; never a secret. */
  note(facts: Readonly<Record<string, unknown>>): void;
}

/** How each operation is carried out. */
export type Operations = Readonly<
  Record<ManagementOperation, (call: OperationCall) => Promise<UnixResponse>>
>;
