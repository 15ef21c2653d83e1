// SPDX-License-Identifier: Apache-2.0
import { sha256, toHex } from '@proofgate/evidence';
import { z } from 'zod';
import { appendAudit } from '../audit/audit-log.ts';
import { FleetError } from '../errors.ts';
import { firstRow, type Queries } from '../store/database.ts';
import type { Agent } from './agent.ts';
import { admitted } from './agent-standing.ts';
import { changeAgent, recordStanding, type Deed } from './change-agent.ts';
import { findByName, lockAgent } from './find-agent.ts';

/** An agent that has proved itself and asks for a name. */
export interface Applicant {
  readonly name: string;
  readonly labels: readonly string[];
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** SHA-256 of its evidence, hex. */
  readonly evidenceSha256: string;
  /** Whether its policy lets it in without an operator. */
  readonly approved: boolean;
}

/**
 * What became of an application: an agent, or a key that waits for an approval because another one has the name.
 */
export type Admission =
  | { readonly kind: 'admitted'; readonly agent: Agent; readonly isNew: boolean }
  | { readonly kind: 'claimed'; readonly agent: Agent; readonly keySha256: string };

const keyRow = z.strictObject({ agent_id: z.uuid(), retired_at: z.date().nullable() });
const approvalRow = z.strictObject({ approved_at: z.date().nullable() });

/**
 * Gives an agent its identity. A name belongs to the key that had it first: another key gets it, and the identity behind
 * it, only after an operator has approved that key.
 *
 * @param queries - of a transaction
 * @param id - for an agent that is new, a UUID
 * @throws FleetError `ERR_FLEET_KEY_TAKEN` for a key that is another agent's, or was given up
 */
export async function admitAgent(
  queries: Queries,
  applicant: Applicant,
  id: string,
  deed: Deed,
): Promise<Admission> {
  const { name, spki } = applicant;
  const keySha256 = toHex(sha256(spki));
  // Two machines that ask for one name at once are decided about one after the other.
  await queries.run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`agent:${name}`]);
  const owner = await findByName(queries, name);
  await checkKey(queries, keySha256, owner);
  if (owner === undefined) {
    return {
      kind: 'admitted',
      isNew: true,
      agent: await insertAgent(queries, applicant, id, deed),
    };
  }
  if (owner.keySha256 !== keySha256) {
    if (!(await isApproved(queries, owner.id, keySha256))) {
      await claim(queries, owner, keySha256, applicant, deed);
      return { kind: 'claimed', agent: owner, keySha256 };
    }
    await replaceKey(queries, owner.id, keySha256, spki, deed);
  }
  await queries.run('UPDATE agents SET labels = $2, seen_at = $3, proved_at = $3 WHERE id = $1', [
    owner.id,
    applicant.labels,
    deed.at,
  ]);
  // An approval is for the labels that the operator saw.
  if (!applicant.approved && applicant.labels.some((label) => !owner.labels.includes(label))) {
    await changeAgent(queries, owner.id, { kind: 'relabelled' }, deed);
  }
  await changeAgent(queries, owner.id, { kind: 'proved' }, deed);
  return { kind: 'admitted', isNew: false, agent: await lockAgent(queries, owner.id) };
}

/** A key that was given up is never good again, and one key is one agent. */
async function checkKey(
  queries: Queries,
  keySha256: string,
  owner: Agent | undefined,
): Promise<void> {
  const key = await firstRow(
    queries,
    keyRow,
    'SELECT agent_id, retired_at FROM agent_keys WHERE key_sha256 = $1',
    [keySha256],
  );
  if (key === undefined) return;
  if (key.retired_at === null && key.agent_id === owner?.id) return;
  throw keyTaken(keySha256);
}

async function insertAgent(
  queries: Queries,
  { name, labels, spki, approved }: Applicant,
  id: string,
  deed: Deed,
): Promise<Agent> {
  const { state, hold, code, reason } = admitted(approved);
  await queries.run(
    `INSERT INTO agents (id, name, labels, state, approved, hold, code, reason, since, registered_at, seen_at, proved_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $9)`,
    [id, name, labels, state, approved, hold, code, reason, deed.at],
  );
  await insertKey(queries, id, spki, deed);
  const agent = await lockAgent(queries, id);
  await recordStanding(queries, undefined, agent, deed);
  return agent;
}

async function insertKey(
  queries: Queries,
  id: string,
  spki: Uint8Array,
  { at }: Deed,
): Promise<void> {
  const keySha256 = toHex(sha256(spki));
  // Somebody may ask for two names with one key at once: the lock is on the name, so the table decides.
  const inserted = await queries.run(
    `INSERT INTO agent_keys (key_sha256, agent_id, spki, added_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (key_sha256) DO NOTHING`,
    [keySha256, id, spki, at],
  );
  if (inserted === 0) throw keyTaken(keySha256);
}

function keyTaken(keySha256: string): FleetError {
  return new FleetError('ERR_FLEET_KEY_TAKEN', 'the key has another name, or was given up', {
    expected: 'a new key, or the name that the key has',
    seen: `key ${keySha256}`,
    hint: 'an agent that shall have another name makes a new key',
  });
}

async function isApproved(queries: Queries, id: string, keySha256: string): Promise<boolean> {
  const approval = await firstRow(
    queries,
    approvalRow,
    'SELECT approved_at FROM key_claims WHERE agent_id = $1 AND key_sha256 = $2',
    [id, keySha256],
  );
  return approval !== undefined && approval.approved_at !== null;
}

function claim(
  queries: Queries,
  { id }: Agent,
  keySha256: string,
  { evidenceSha256 }: Applicant,
  { at }: Deed,
): Promise<number> {
  return queries.run(
    `INSERT INTO key_claims (agent_id, key_sha256, evidence_sha256, claimed_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (agent_id, key_sha256) DO UPDATE SET evidence_sha256 = $3, claimed_at = $4`,
    [id, keySha256, evidenceSha256, at],
  );
}

async function replaceKey(
  queries: Queries,
  id: string,
  keySha256: string,
  spki: Uint8Array,
  deed: Deed,
): Promise<void> {
  await queries.run(
    'UPDATE agent_keys SET retired_at = $2 WHERE agent_id = $1 AND retired_at IS NULL',
    [id, deed.at],
  );
  await insertKey(queries, id, spki, deed);
  await queries.run('DELETE FROM key_claims WHERE agent_id = $1 AND key_sha256 = $2', [
    id,
    keySha256,
  ]);
}

/**
 * Lets another key have the name and the identity of an agent, once it asks for them with evidence again.
 *
 * @param queries - of a transaction
 * @param keySha256 - of a key that has proved itself and asked for the name
 * @throws FleetError `ERR_FLEET_AGENT_UNKNOWN`, `ERR_FLEET_KEY_UNCLAIMED`
 */
export async function approveKey(
  queries: Queries,
  agentId: string,
  keySha256: string,
  { actor, at }: Deed,
): Promise<void> {
  const agent = await lockAgent(queries, agentId);
  const approved = await queries.run(
    'UPDATE key_claims SET approved_at = $3, approved_by = $4 WHERE agent_id = $1 AND key_sha256 = $2',
    [agentId, keySha256, at, actor],
  );
  if (approved === 0) {
    throw new FleetError('ERR_FLEET_KEY_UNCLAIMED', 'no such key has asked for the name', {
      expected: 'a key that proved itself under this name',
      seen: `${keySha256} for ${agent.name}`,
    });
  }
  const event = {
    actor,
    action: 'agent.approve-key',
    subject: `agent:${agentId}`,
    outcome: 'done',
    inputs: {},
    facts: { name: agent.name, key_sha256: keySha256 },
  } as const;
  await appendAudit(queries, event, at);
}
