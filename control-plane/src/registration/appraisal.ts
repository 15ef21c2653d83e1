// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from '@proofgate/evidence';
import { z } from 'zod';
import { POLICY_MODES } from '../policies/policy-assignment.ts';
import { firstRow, type Queries } from '../store/database.ts';
import type { Judgement, PolicyJudgement } from './judge-agent.ts';

/** How an agent was judged last. */
export interface Appraisal {
  readonly at: Date;
  readonly accepted: boolean;
  /** SHA-256 of the evidence, hex. */
  readonly evidenceSha256: string;
  /** Under which versions of which policies, with every check. */
  readonly policies: readonly PolicyJudgement[];
}

const checkSchema = z.strictObject({
  name: z.string(),
  result: z.enum(['passed', 'refused', 'skipped', 'warning']),
  expected: z.string().exactOptional(),
  seen: z.string().exactOptional(),
  hint: z.string().exactOptional(),
});

const reportSchema: z.ZodType<readonly PolicyJudgement[]> = z.array(
  z.strictObject({
    policy: z.string(),
    version: z.int(),
    mode: z.enum(POLICY_MODES),
    accepted: z.boolean(),
    code: z.string().exactOptional(),
    checks: z.array(checkSchema),
  }),
);

const appraisalRow: z.ZodType<Appraisal, unknown> = z
  .strictObject({
    at: z.date(),
    accepted: z.boolean(),
    evidence_sha256: z.string(),
    report: z.string(),
  })
  .transform(({ at, accepted, evidence_sha256, report }) => ({
    at,
    accepted,
    evidenceSha256: evidence_sha256,
    policies: reportSchema.parse(JSON.parse(report)),
  }));

/**
 * Keeps how an agent was judged, in place of what was kept before.
 *
 * @param queries - of a transaction
 */
export async function keepAppraisal(
  queries: Queries,
  agentId: string,
  evidenceSha256: string,
  { accepted, policies }: Judgement,
  at: Date,
): Promise<void> {
  // Codes of single checks stay inside: the one that decided stands at the top.
  const report = policies.map(({ checks, ...rest }) => ({
    ...rest,
    checks: checks.map((check) => checkSchema.strip().parse(check)),
  }));
  await queries.run(
    `INSERT INTO agent_appraisals (agent_id, at, accepted, evidence_sha256, report)
      VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (agent_id) DO UPDATE SET at = $2, accepted = $3, evidence_sha256 = $4, report = $5`,
    [agentId, at, accepted, evidenceSha256, canonicalJson(report)],
  );
}

/** How an agent was judged last; `undefined` when it never was. */
export function latestAppraisal(queries: Queries, agentId: string): Promise<Appraisal | undefined> {
  return firstRow(
    queries,
    appraisalRow,
    'SELECT at, accepted, evidence_sha256, report FROM agent_appraisals WHERE agent_id = $1',
    [agentId],
  );
}
