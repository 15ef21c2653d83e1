// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { pathField } from './text-fields.ts';

/**
 * Whether the clients of a host have to prove themselves: nobody is asked, those who show evidence are judged by it, or
 * nobody else gets in.
 */
export type ClientsMode = 'none' | 'optional' | 'required';

/** A policy of the verifier, not parsed yet. */
export type PolicyObject = Readonly<Record<string, unknown>>;

/** What the clients of a host have to prove. */
export interface ClientRules {
  readonly clients: ClientsMode;
  /** Path of a policy file, or the policy itself; present unless `clients` is `none`. */
  readonly client_policy?: string | PolicyObject;
}

/** A policy as an object; the verifier's own reader decides about what is in it. */
export const policyObjectField: z.ZodType<PolicyObject, unknown> = z.record(
  z.string(),
  z.unknown(),
);

/** Field `clients` of a host. */
export const clientsField: z.ZodType<ClientsMode, unknown> = z
  .enum(['none', 'optional', 'required'])
  .default('none');

/** Field `client_policy` of a route of the file. */
export const clientPolicyField: z.ZodType<string | PolicyObject, unknown> = z.union(
  [pathField(), policyObjectField],
  { error: 'expected a path, or a policy' },
);

/** What the fields ask of each other and of the host. Runs beside other problems, so a field may be anything. */
export function* clientProblems(host: {
  readonly mode?: unknown;
  readonly clients?: unknown;
  readonly client_policy?: unknown;
}): Generator<{ readonly path: string; readonly message: string }> {
  const { mode, clients = 'none', client_policy: policy } = host;
  if (clients === 'none') {
    if (policy === undefined) return;
    const message = 'judges nobody: set clients to optional or required, or remove it';
    yield { path: 'client_policy', message };
    return;
  }
  // Anything else is a problem of its own.
  if (clients !== 'optional' && clients !== 'required') return;
  if (policy === undefined) {
    yield { path: 'clients', message: 'needs a client_policy that says who is acceptable' };
  }
  if (mode === 'tcp' && clients === 'optional') {
    const message = 'mode tcp cannot tell the upstream who its client is: use required, or none';
    yield { path: 'clients', message };
  }
}
