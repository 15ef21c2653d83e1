// SPDX-License-Identifier: Apache-2.0
import { AGENT_STATES, type AgentState } from '@proofgate/api';
import { z } from 'zod';
import { sqlInteger, type Queries } from '../store/database.ts';

/** A change of how an agent stands. */
export interface AgentChange {
  /** Grows with every change of any agent. */
  readonly seq: number;
  readonly at: Date;
  /** `undefined` for the first. */
  readonly from: AgentState | undefined;
  readonly to: AgentState;
  readonly code: string;
  readonly reason: string;
  readonly actor: string;
}

const changeRow: z.ZodType<AgentChange, unknown> = z
  .strictObject({
    seq: sqlInteger,
    at: z.date(),
    from_state: z.enum(AGENT_STATES).nullable(),
    to_state: z.enum(AGENT_STATES),
    code: z.string(),
    reason: z.string(),
    actor: z.string(),
  })
  .transform(({ from_state, to_state, ...rest }) => ({
    ...rest,
    from: from_state ?? undefined,
    to: to_state,
  }));

/**
 * How an agent came to stand as it does, the latest first.
 *
 * @param before - only changes before this one
 * @param limit - how many at most
 */
export function agentHistory(
  queries: Queries,
  agentId: string,
  limit: number,
  before?: number,
): Promise<readonly AgentChange[]> {
  return queries.rows(
    changeRow,
    `SELECT seq, at, from_state, to_state, code, reason, actor FROM agent_history
      WHERE agent_id = $1 AND ($2::bigint IS NULL OR seq < $2::bigint) ORDER BY seq DESC LIMIT $3`,
    [agentId, before ?? null, limit],
  );
}
