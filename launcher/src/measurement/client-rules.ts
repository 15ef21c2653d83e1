// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, PolicyObject } from '@proofgate/api';
import { parsePolicy } from '@proofgate/verifier';
import { LauncherError } from '../errors.ts';

/**
 * What the specification of a workload says about its clients: it decides who is served, so whoever relies on the workload
 * has to know. Nothing where nobody is asked.
 *
 * @param workload - the workload
 */
export function clientsOfSpec({
  clients: mode,
  client_policy: policy = {},
}: Pick<ContainerConfig, 'clients' | 'client_policy'>): {
  readonly clients?: { readonly mode: string; readonly policy: PolicyObject };
} {
  return mode === 'none' ? {} : { clients: { mode, policy } };
}

/**
 * Reads the policy for the clients of a workload as the proxy will, which refuses a whole state because of one that it
 * cannot read.
 *
 * @param workload - the workload
 * @throws LauncherError ERR_LAUNCHER_CLIENT_POLICY
 */
export function checkClientPolicy({ name, clients, client_policy: policy }: ContainerConfig): void {
  if (clients === 'none') return;
  try {
    parsePolicy(policy);
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    const message = `workload ${name} has a client_policy that is none: ${seen}`;
    throw new LauncherError('ERR_LAUNCHER_CLIENT_POLICY', message, { cause });
  }
}
