// SPDX-License-Identifier: Apache-2.0
import { agentLabelSchema } from '@proofgate/api';
import type { Policy } from '@proofgate/verifier';
import { z } from 'zod';
import { appendAudit } from '../audit/audit-log.ts';
import { FleetError } from '../errors.ts';
import type { Deed } from '../registry/change-agent.ts';
import { sqlInteger, type Queries } from '../store/database.ts';
import { getPolicy, parseFleetPolicy } from './fleet-policy.ts';

/**
 * What a refusal by a policy means: `strict` refuses the agent, `warn` lets it in and says so, `shadow` is noted and decides
 * nothing.
 */
export const POLICY_MODES = ['strict', 'warn', 'shadow'] as const;

/** One of {@link POLICY_MODES}. */
export type PolicyMode = (typeof POLICY_MODES)[number];

/** Whether a proof is enough to get in, or an operator has to approve the agent as well. */
export const POLICY_ADMISSIONS = ['attested', 'approval'] as const;

/** One of {@link POLICY_ADMISSIONS}. */
export type PolicyAdmission = (typeof POLICY_ADMISSIONS)[number];

/** The label that every agent has. */
export const EVERY_AGENT = '*';

/** Which version of a policy decides about the agents with a label. */
export interface PolicyAssignment {
  /** A label of agents, or {@link EVERY_AGENT}. */
  readonly label: string;
  readonly policy: string;
  readonly version: number;
  readonly mode: PolicyMode;
  readonly admission: PolicyAdmission;
}

/** An assignment with what it assigns. */
export interface AssignedPolicy extends PolicyAssignment {
  readonly sha256: string;
  readonly rules: Policy;
}

const assignmentFields = {
  label: z.string(),
  policy: z.string(),
  version: sqlInteger,
  mode: z.enum(POLICY_MODES),
  admission: z.enum(POLICY_ADMISSIONS),
};

const assignmentRow: z.ZodType<PolicyAssignment, unknown> = z.strictObject(assignmentFields);

const assignedRow: z.ZodType<AssignedPolicy, unknown> = z
  .strictObject({ ...assignmentFields, sha256: z.string(), document: z.string() })
  .transform(({ document, ...rest }) => ({ ...rest, rules: parseFleetPolicy(document) }));

/**
 * Assigns a version of a policy to the agents with a label, in place of the version before.
 *
 * @param queries - of a transaction
 * @throws FleetError `ERR_FLEET_REQUEST_INVALID`, `ERR_FLEET_POLICY_UNKNOWN`
 */
export async function assignPolicy(
  queries: Queries,
  { label, policy, version, mode, admission }: PolicyAssignment,
  deed: Deed,
): Promise<void> {
  checkLabel(label);
  const { sha256 } = await getPolicy(queries, policy, version);
  await queries.run(
    `INSERT INTO policy_assignments (label, policy, version, mode, admission, assigned_at, assigned_by)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (label, policy) DO UPDATE
        SET version = $3, mode = $4, admission = $5, assigned_at = $6, assigned_by = $7`,
    [label, policy, version, mode, admission, deed.at, deed.actor],
  );
  const event = {
    actor: deed.actor,
    action: 'policy.assign',
    subject: `policy:${policy}@${String(version)}`,
    outcome: 'done',
    inputs: { document: sha256 },
    facts: { label, mode: `${mode}, ${admission}` },
  } as const;
  await appendAudit(queries, event, deed.at);
}

/**
 * Takes a policy from the agents with a label.
 *
 * @param queries - of a transaction
 * @throws FleetError `ERR_FLEET_POLICY_UNKNOWN` when it was not assigned to them
 */
export async function unassignPolicy(
  queries: Queries,
  label: string,
  policy: string,
  { actor, at }: Deed,
): Promise<void> {
  const removed = await queries.run(
    'DELETE FROM policy_assignments WHERE label = $1 AND policy = $2',
    [label, policy],
  );
  if (removed === 0) {
    throw new FleetError('ERR_FLEET_POLICY_UNKNOWN', 'the policy is not assigned to the label', {
      seen: `${policy} for ${label}`,
    });
  }
  const subject = `policy:${policy}`;
  const event = { actor, action: 'policy.unassign', subject, outcome: 'done' } as const;
  await appendAudit(queries, { ...event, inputs: {}, facts: { label } }, at);
}

/** Every assignment, by label and policy. */
export function listAssignments(queries: Queries): Promise<readonly PolicyAssignment[]> {
  return queries.rows(
    assignmentRow,
    'SELECT label, policy, version, mode, admission FROM policy_assignments ORDER BY label, policy',
  );
}

/**
 * The policies that decide about an agent: those of its labels and those of every agent.
 *
 * @param labels - of the agent
 * @throws FleetError `ERR_FLEET_POLICY_MISSING` when none of them is `strict` or `warn`: nobody is let in unjudged
 */
export async function policiesFor(
  queries: Queries,
  labels: readonly string[],
): Promise<readonly AssignedPolicy[]> {
  const policies = await queries.rows(
    assignedRow,
    `SELECT label, policy, version, mode, admission, sha256, document
      FROM policy_assignments JOIN policies USING (version)
      WHERE policies.name = policy AND label = ANY ($1::text[]) ORDER BY label, policy`,
    [[EVERY_AGENT, ...labels]],
  );
  if (policies.some(({ mode }) => mode !== 'shadow')) return policies;
  throw new FleetError('ERR_FLEET_POLICY_MISSING', 'no policy decides about this agent', {
    expected: 'a strict or warning policy for one of its labels, or for every agent',
    seen: labels.length === 0 ? 'no labels' : labels.join(', '),
    hint: 'assign a policy to one of the labels, or to *',
  });
}

function checkLabel(label: string): void {
  if (label === EVERY_AGENT || agentLabelSchema.safeParse(label).success) return;
  throw new FleetError('ERR_FLEET_REQUEST_INVALID', 'the label is malformed', {
    expected: `a label of agents, or ${EVERY_AGENT}`,
    seen: label.slice(0, 80),
  });
}
