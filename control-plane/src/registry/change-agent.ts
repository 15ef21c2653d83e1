// SPDX-License-Identifier: Apache-2.0
import { appendAudit } from '../audit/audit-log.ts';
import type { Queries } from '../store/database.ts';
import type { Agent } from './agent.ts';
import { nextStanding, type AgentEvent } from './agent-standing.ts';
import { lockAgent } from './find-agent.ts';

/** Who did something, and when. */
export interface Deed {
  /** As in the audit log. */
  readonly actor: string;
  readonly at: Date;
}

/**
 * Lets something happen to an agent, and writes how it stands then into its row, its history and the audit log.
 *
 * @param queries - of a transaction
 * @param id - of the agent
 * @param event - what happens to it
 * @returns the agent after it
 * @throws FleetError `ERR_FLEET_AGENT_UNKNOWN`, `ERR_FLEET_AGENT_STATE`
 */
export async function changeAgent(
  queries: Queries,
  id: string,
  event: AgentEvent,
  deed: Deed,
): Promise<Agent> {
  const before = await lockAgent(queries, id);
  const standing = nextStanding(before, event);
  if (standing === before) return before;
  const moved = standing.state !== before.state;
  const after: Agent = { ...before, ...standing, since: moved ? deed.at : before.since };
  await queries.run(
    `UPDATE agents SET state = $2, approved = $3, hold = $4, code = $5, reason = $6, since = $7
      WHERE id = $1`,
    [id, after.state, after.approved, after.hold, after.code, after.reason, after.since],
  );
  await recordStanding(queries, before, after, deed);
  return after;
}

/**
 * Writes how an agent came to stand as it does into its history and the audit log.
 *
 * @param queries - of a transaction
 * @param before - `undefined` for an agent that is new
 */
export async function recordStanding(
  queries: Queries,
  before: Agent | undefined,
  after: Agent,
  { actor, at }: Deed,
): Promise<void> {
  await queries.run(
    `INSERT INTO agent_history (agent_id, at, from_state, to_state, code, reason, actor)
      VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [after.id, at, before?.state ?? null, after.state, after.code, after.reason, actor],
  );
  await appendAudit(
    queries,
    {
      actor,
      action: 'agent.state',
      subject: `agent:${after.id}`,
      outcome: 'done',
      code: after.code,
      inputs: {},
      facts: {
        ...(before === undefined ? {} : { from: before.state }),
        to: after.state,
        reason: after.reason,
        name: after.name,
      },
    },
    at,
  );
}
