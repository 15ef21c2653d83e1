// SPDX-License-Identifier: Apache-2.0

/** A host and the platform's settings for clients, as far as they could be read. */
export interface AskedClients {
  readonly mode: unknown;
  readonly clients: unknown;
  readonly policy: unknown;
  readonly internal: unknown;
  /** `platform.clients`. */
  readonly settings: unknown;
}

/**
 * What a policy must not ask of clients, because nobody could ever show it. The rest of a policy is for the verifier's
 * reader.
 */
export function* clientPolicyProblems(
  host: AskedClients,
): Generator<{ readonly field: string; readonly message: string }> {
  const { mode, clients, policy, internal, settings } = host;
  if (clients !== 'optional' && clients !== 'required') return;
  if (internal === true) {
    yield { field: 'clients', message: 'are those of a host, and an internal container has none' };
  }
  if (has(policy, 'workloads')) {
    yield { field: 'client_policy', message: 'names workloads, which clients cannot prove' };
  }
  if ((has(policy, 'extensions') || has(policy, 'imageProfile')) && !has(settings, 'roots')) {
    const message = 'asks for what certificates say: name who vouches in platform.clients.roots';
    yield { field: 'client_policy', message };
  }
  if (mode === 'tcp' && clients === 'required') yield* tcpProblems(policy, settings);
}

function* tcpProblems(
  policy: unknown,
  settings: unknown,
): Generator<{ readonly field: string; readonly message: string }> {
  if (member(member(policy, 'freshness'), 'mode') === 'session') {
    const message = 'asks for evidence for the session, which mode tcp has no endpoint for';
    yield { field: 'client_policy', message };
  }
  if (member(settings, 'collateral') === 'stapled') {
    const message = 'of mode tcp cannot staple collateral: set platform.clients.collateral';
    yield { field: 'clients', message };
  }
}

function has(owner: unknown, name: string): boolean {
  return member(owner, name) !== undefined;
}

function member(owner: unknown, name: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  const value: unknown = Reflect.get(owner, name);
  return value;
}
