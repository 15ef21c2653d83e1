// SPDX-License-Identifier: Apache-2.0
import { AGENT_STATES, type AgentState } from '@proofgate/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admitted,
  nextStanding,
  type AgentEvent,
  type AgentStanding,
} from '../../src/registry/agent-standing.ts';

const EVENTS: Readonly<Record<AgentEvent['kind'], AgentEvent>> = {
  proved: { kind: 'proved' },
  disproved: { kind: 'disproved', code: 'ERR_POLICY_DEBUG', reason: 'it is open for debugging' },
  lost: { kind: 'lost', reason: 'three heartbeats did not come' },
  returned: { kind: 'returned' },
  approved: { kind: 'approved' },
  relabelled: { kind: 'relabelled' },
  held: { kind: 'held', reason: 'maintenance' },
  released: { kind: 'released' },
  retired: { kind: 'retired', reason: 'sold' },
};

function standing(state: AgentState, changes: Partial<AgentStanding> = {}): AgentStanding {
  const approved = state !== 'pending';
  return { state, approved, hold: false, code: 'PROVED', reason: 'it was so', ...changes };
}

/** From → event → to; what is not here is refused. */
const TABLE: Readonly<Record<AgentState, Partial<Record<AgentEvent['kind'], AgentState>>>> = {
  pending: {
    proved: 'pending',
    disproved: 'quarantined',
    lost: 'pending',
    returned: 'pending',
    approved: 'ready',
    relabelled: 'pending',
    held: 'quarantined',
    retired: 'retired',
  },
  ready: {
    proved: 'ready',
    disproved: 'quarantined',
    lost: 'stale',
    returned: 'ready',
    relabelled: 'pending',
    held: 'quarantined',
    retired: 'retired',
  },
  stale: {
    proved: 'ready',
    disproved: 'quarantined',
    lost: 'stale',
    returned: 'ready',
    relabelled: 'pending',
    held: 'quarantined',
    retired: 'retired',
  },
  quarantined: {
    proved: 'ready',
    disproved: 'quarantined',
    lost: 'quarantined',
    returned: 'quarantined',
    relabelled: 'quarantined',
    held: 'quarantined',
    released: 'quarantined',
    retired: 'retired',
  },
  retired: {},
};

const cases = AGENT_STATES.flatMap((from) =>
  Object.values(EVENTS).map((event) => [from, event.kind, TABLE[from][event.kind]] as const),
);

describe('how an agent stands', () => {
  it.each(cases)('%s, %s: %s', (from, kind, to) => {
    const before = standing(from);
    if (to === undefined) {
      expect(() => nextStanding(before, EVENTS[kind])).toThrow(
        expect.objectContaining({ code: 'ERR_FLEET_AGENT_STATE' }),
      );
      return;
    }
    expect(nextStanding(before, EVENTS[kind]).state).toBe(to);
  });

  it('at first depends on who lets it in', () => {
    expect(admitted(true)).toMatchObject({ state: 'ready', approved: true, code: 'PROVED' });
    expect(admitted(false)).toMatchObject({ state: 'pending', code: 'APPROVAL_PENDING' });
  });

  it('is not changed by a proof while an operator holds it', () => {
    const held = nextStanding(standing('ready'), EVENTS.held);
    expect(nextStanding(held, EVENTS.proved)).toBe(held);
    const released = nextStanding(held, EVENTS.released);
    expect(released).toMatchObject({ state: 'quarantined', hold: false, code: 'PROOF_PENDING' });
    expect(nextStanding(released, EVENTS.proved)).toMatchObject({ state: 'ready', code: 'PROVED' });
  });

  it('names the hold of an operator although a proof fails meanwhile', () => {
    const held = nextStanding(standing('ready'), EVENTS.held);
    expect(nextStanding(held, EVENTS.disproved)).toBe(held);
  });

  it('is pending again after quarantine until an operator has approved it', () => {
    const out = nextStanding(standing('pending'), EVENTS.disproved);
    expect(nextStanding(out, EVENTS.proved).state).toBe('pending');
    const approved = nextStanding(out, EVENTS.approved);
    expect(approved).toMatchObject({ state: 'quarantined', code: 'ERR_POLICY_DEBUG' });
    expect(nextStanding(approved, EVENTS.proved).state).toBe('ready');
  });

  it('gives the latest reason for a quarantine, once', () => {
    const out = nextStanding(standing('ready'), EVENTS.disproved);
    expect(nextStanding(out, EVENTS.disproved)).toBe(out);
    const other = { kind: 'disproved', code: 'ERR_POLICY_TEE', reason: 'another TEE' } as const;
    expect(nextStanding(out, other)).toMatchObject({ code: 'ERR_POLICY_TEE' });
  });

  it('is ready only after a proof and an approval, whatever happens', () => {
    const events = fc.array(fc.constantFrom(...Object.values(EVENTS)), { maxLength: 40 });
    fc.assert(
      fc.property(events, fc.boolean(), (sequence, approved) => {
        let now = admitted(approved);
        let proved = true;
        for (const event of sequence) {
          try {
            now = nextStanding(now, event);
          } catch {
            continue;
          }
          if (event.kind === 'proved') proved = true;
          if (event.kind === 'disproved') proved = false;
          if (now.state === 'ready')
            expect([proved, now.approved, now.hold]).toEqual([true, true, false]);
        }
      }),
    );
  });
});
