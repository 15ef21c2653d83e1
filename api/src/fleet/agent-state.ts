// SPDX-License-Identifier: Apache-2.0

/**
 * How an agent stands with its control plane. `pending` has proved itself and waits for an operator; `ready` may be given
 * work; `stale` has not been heard of; `quarantined` failed to prove itself, or an operator put it there; `retired` is
 * gone for good.
 */
export const AGENT_STATES = ['pending', 'ready', 'stale', 'quarantined', 'retired'] as const;

/** One of {@link AGENT_STATES}. */
export type AgentState = (typeof AGENT_STATES)[number];
