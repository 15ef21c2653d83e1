// SPDX-License-Identifier: Apache-2.0
import { AGENT_STATES } from '@proofgate/api';
import { z } from 'zod';
import { sqlInteger } from '../store/database.ts';
import type { AgentStanding } from './agent-standing.ts';

/** An agent, as the registry has it. */
export interface Agent extends AgentStanding {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** SHA-256 of its key's SubjectPublicKeyInfo, hex. */
  readonly keySha256: string;
  /** Since when it stands as it does. */
  readonly since: Date;
  readonly registeredAt: Date;
  /** When it was heard of last. */
  readonly seenAt: Date;
  /** When its latest accepted proof was made. */
  readonly provedAt: Date | undefined;
  /** Fencing epoch of whoever wrote to it last. */
  readonly epoch: number;
}

/** Columns of {@link agentRow}, of `agents` joined with its current key. */
export const AGENT_COLUMNS = `agents.id, agents.name, agents.labels, agents.state, agents.approved, agents.hold,
  agents.code, agents.reason, agents.since, agents.registered_at, agents.seen_at, agents.proved_at, agents.epoch,
  (SELECT key_sha256 FROM agent_keys WHERE agent_id = agents.id
    ORDER BY retired_at IS NULL DESC, retired_at DESC LIMIT 1) AS key_sha256`;

/** A row with {@link AGENT_COLUMNS}. */
export const agentRow: z.ZodType<Agent, unknown> = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    labels: z.array(z.string()),
    state: z.enum(AGENT_STATES),
    approved: z.boolean(),
    hold: z.boolean(),
    code: z.string(),
    reason: z.string(),
    since: z.date(),
    registered_at: z.date(),
    seen_at: z.date(),
    proved_at: z.date().nullable(),
    epoch: sqlInteger,
    key_sha256: z.string(),
  })
  .transform(({ registered_at, seen_at, proved_at, key_sha256, ...rest }) => ({
    ...rest,
    registeredAt: registered_at,
    seenAt: seen_at,
    provedAt: proved_at ?? undefined,
    keySha256: key_sha256,
  }));
