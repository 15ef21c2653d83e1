// SPDX-License-Identifier: Apache-2.0
import type { AgentState } from '@proofgate/api';
import { FleetError } from '../errors.ts';

/** Why an agent stands as it does. */
export interface StandingReason {
  /** Stable: one of {@link STANDING_CODES}, or the code of the check that refused a proof. */
  readonly code: string;
  /** A sentence for people. */
  readonly reason: string;
}

/** How an agent stands. */
export interface AgentStanding extends StandingReason {
  readonly state: AgentState;
  /** Whether an operator, or the assignment of its policy, has let it in. */
  readonly approved: boolean;
  /** Put into quarantine by an operator: a proof alone does not get it out. */
  readonly hold: boolean;
}

/** What happens to an agent. */
export type AgentEvent =
  /** Its evidence is genuine, fresh and allowed. */
  | { readonly kind: 'proved' }
  /** It failed to prove itself, or what it had proved is not enough any more. */
  | ({ readonly kind: 'disproved' } & StandingReason)
  /** Several heartbeats did not come. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** Several came again. */
  | { readonly kind: 'returned' }
  | { readonly kind: 'approved' }
  /** It claims a label for which an operator has to let it in. */
  | { readonly kind: 'relabelled' }
  /** An operator takes it out of service. */
  | { readonly kind: 'held'; readonly reason: string }
  /** An operator lets it prove itself again. */
  | { readonly kind: 'released' }
  | { readonly kind: 'retired'; readonly reason: string };

/** Reasons that are no failed check. */
export const STANDING_CODES = {
  PROVED: 'its latest proof was accepted',
  APPROVAL_PENDING: 'it proved itself and waits for an operator',
  HEARTBEATS_MISSED: 'it was not heard of for too long',
  HEARTBEATS_RETURNED: 'it is heard of again',
  OPERATOR_APPROVED: 'an operator let it in',
  OPERATOR_HOLD: 'an operator took it out of service',
  PROOF_PENDING: 'an operator released it; it is out until it proves itself',
  OPERATOR_RETIRED: 'an operator retired it',
} as const;

type StandingCode = keyof typeof STANDING_CODES;

/**
 * How an agent stands that has proved itself for the first time.
 *
 * @param approved - whether its policy lets it in without an operator
 */
export function admitted(approved: boolean): AgentStanding {
  return proved({ state: 'pending', approved, hold: false, ...because('APPROVAL_PENDING') });
}

/**
 * How an agent stands after something has happened to it. Nothing but a proof gets an agent out of quarantine, and nothing
 * gets it out of retirement.
 *
 * @param before - how it stood
 * @param event - what happened
 * @returns how it stands; `before` itself when nothing changes
 * @throws FleetError `ERR_FLEET_AGENT_STATE` for what cannot happen to an agent that stands so
 */
export function nextStanding(before: AgentStanding, event: AgentEvent): AgentStanding {
  if (before.state === 'retired') throw impossible(before, event);
  switch (event.kind) {
    case 'proved':
      return proved(before);
    case 'disproved':
      return changed(before, { state: 'quarantined', code: event.code, reason: event.reason });
    case 'lost':
      return moved(before, 'ready', 'stale', said('HEARTBEATS_MISSED', event.reason));
    case 'returned':
      return moved(before, 'stale', 'ready', because('HEARTBEATS_RETURNED'));
    case 'approved':
      return approvedBy(before, event);
    case 'relabelled':
      return relabelled(before);
    case 'held':
      return {
        ...before,
        state: 'quarantined',
        hold: true,
        ...said('OPERATOR_HOLD', event.reason),
      };
    case 'released':
      if (before.state !== 'quarantined') throw impossible(before, event);
      return { ...before, hold: false, ...because('PROOF_PENDING') };
    case 'retired':
      return { ...before, state: 'retired', ...said('OPERATOR_RETIRED', event.reason) };
  }
}

/** Missing heartbeats say nothing about agents that are out of service anyway. */
function moved(
  before: AgentStanding,
  from: AgentState,
  to: AgentState,
  reason: StandingReason,
): AgentStanding {
  return before.state === from ? { ...before, state: to, ...reason } : before;
}

function proved(before: AgentStanding): AgentStanding {
  if (before.hold) return before;
  return before.approved
    ? changed(before, { state: 'ready', ...because('PROVED') })
    : changed(before, { state: 'pending', ...because('APPROVAL_PENDING') });
}

function approvedBy(before: AgentStanding, event: AgentEvent): AgentStanding {
  if (before.approved) throw impossible(before, event);
  // What is in quarantine stays there until it proves itself, and then is ready.
  return before.state === 'pending'
    ? { ...before, approved: true, state: 'ready', ...because('OPERATOR_APPROVED') }
    : { ...before, approved: true };
}

/** What an operator approved were the labels that it had. */
function relabelled(before: AgentStanding): AgentStanding {
  if (!before.approved) return before;
  if (before.state === 'quarantined') return { ...before, approved: false };
  return { ...before, approved: false, state: 'pending', ...because('APPROVAL_PENDING') };
}

/** An agent that goes on as it was keeps the reason why it came to be so. */
function changed(
  before: AgentStanding,
  after: { readonly state: AgentState } & StandingReason,
): AgentStanding {
  const same = before.state === after.state && (after.state !== 'quarantined' || before.hold);
  const repeated = before.state === after.state && before.code === after.code;
  return same || repeated ? before : { ...before, ...after };
}

function because(code: StandingCode): StandingReason {
  return said(code, STANDING_CODES[code]);
}

function said(code: StandingCode, reason: string): StandingReason {
  return { code, reason };
}

function impossible({ state }: AgentStanding, { kind }: AgentEvent): FleetError {
  return new FleetError('ERR_FLEET_AGENT_STATE', `an agent that is ${state} cannot be ${kind}`, {
    seen: state,
  });
}
