// SPDX-License-Identifier: Apache-2.0
import type { AgentState } from '@proofgate/api';
import { FleetError } from '../errors.ts';
import { firstRow, type Queries, type SqlValue } from '../store/database.ts';
import { AGENT_COLUMNS, agentRow, type Agent } from './agent.ts';

/** Agents of one page. */
export const MAX_AGENT_PAGE = 1_000;

/**
 * An agent by its id.
 *
 * @throws FleetError `ERR_FLEET_AGENT_UNKNOWN`
 */
export async function getAgent(queries: Queries, id: string): Promise<Agent> {
  return known(id, isUuid(id) ? await find(queries, 'id = $1', [id]) : undefined);
}

/**
 * An agent by its id, kept from being changed by anybody else until the transaction ends.
 *
 * @param queries - of a transaction
 * @throws FleetError `ERR_FLEET_AGENT_UNKNOWN`
 */
export async function lockAgent(queries: Queries, id: string): Promise<Agent> {
  return known(id, isUuid(id) ? await find(queries, 'id = $1 FOR UPDATE', [id]) : undefined);
}

/** The agent that has a name; one that retired has none any more. */
export function findByName(queries: Queries, name: string): Promise<Agent | undefined> {
  return find(queries, `name = $1 AND state <> 'retired' FOR UPDATE`, [name]);
}

/** Which agents to list. */
export interface AgentListing {
  /** What the last one of the page before had. */
  readonly after?: { readonly name: string; readonly id: string };
  readonly limit: number;
  readonly state?: AgentState;
  readonly label?: string;
}

/**
 * Agents in the order of their names.
 *
 * @param listing - which, at most {@link MAX_AGENT_PAGE}
 */
export function listAgents(
  queries: Queries,
  { after, limit, state, label }: AgentListing,
): Promise<readonly Agent[]> {
  return queries.rows(
    agentRow,
    `SELECT ${AGENT_COLUMNS} FROM agents
      WHERE ($1::text IS NULL OR (name, id::text) > ($1::text, $2::text))
        AND ($3::text IS NULL OR state = $3::text)
        AND ($4::text IS NULL OR $4::text = ANY (labels))
      ORDER BY name, id::text LIMIT $5`,
    [
      after?.name ?? null,
      after?.id ?? null,
      state ?? null,
      label ?? null,
      Math.min(limit, MAX_AGENT_PAGE),
    ],
  );
}

function find(
  queries: Queries,
  condition: string,
  parameters: readonly SqlValue[],
): Promise<Agent | undefined> {
  return firstRow(
    queries,
    agentRow,
    `SELECT ${AGENT_COLUMNS} FROM agents WHERE ${condition}`,
    parameters,
  );
}

/** Whether SQL would take it for one: anything else is the id of nobody. */
function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(id);
}

function known(id: string, agent: Agent | undefined): Agent {
  if (agent !== undefined) return agent;
  throw new FleetError('ERR_FLEET_AGENT_UNKNOWN', 'there is no such agent', { seen: id });
}
