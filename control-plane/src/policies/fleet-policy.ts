// SPDX-License-Identifier: Apache-2.0
import { sha256, toHex, utf8 } from '@proofgate/evidence';
import { parsePolicyText, type Policy } from '@proofgate/verifier';
import { z } from 'zod';
import { appendAudit } from '../audit/audit-log.ts';
import { FleetError } from '../errors.ts';
import type { Deed } from '../registry/change-agent.ts';
import { firstRow, sqlInteger, type Queries } from '../store/database.ts';

/** A version of a policy. It is never changed. */
export interface FleetPolicy {
  readonly name: string;
  /** 1 for the first. */
  readonly version: number;
  /** As the operator wrote it. */
  readonly document: string;
  /** Of the document, hex. */
  readonly sha256: string;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** A policy names measurements of some images. */
const MAX_DOCUMENT_BYTES = 1_048_576;

/** Names of policies, as those of agents. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

const policyRow: z.ZodType<FleetPolicy, unknown> = z
  .strictObject({
    name: z.string(),
    version: sqlInteger,
    document: z.string(),
    sha256: z.string(),
    created_at: z.date(),
    created_by: z.string(),
  })
  .transform(({ created_at, created_by, ...rest }) => ({
    ...rest,
    createdAt: created_at,
    createdBy: created_by,
  }));

const COLUMNS = 'name, version, document, sha256, created_at, created_by';

/**
 * Reads the document of a policy as one that a fleet can go by.
 *
 * @throws VerifierError `ERR_POLICY_INVALID`, `ERR_POLICY_EMPTY`; FleetError `ERR_FLEET_POLICY_OPEN` for one that looks at no
 *   measurements: it would let in the genuine TEE of anybody
 */
export function parseFleetPolicy(document: string): Policy {
  const policy = parsePolicyText(document);
  if (policy.measurements !== undefined) return policy;
  throw new FleetError('ERR_FLEET_POLICY_OPEN', 'the policy names no measurements', {
    expected: 'at least one set of measurements',
    hint: 'proofgate policy init writes a policy with those of a machine that runs',
  });
}

/**
 * Keeps a policy, as its first version or the next one. The same document again is no new version.
 *
 * @param queries - of a transaction
 * @throws FleetError `ERR_FLEET_REQUEST_INVALID`, `ERR_FLEET_POLICY_OPEN`; VerifierError `ERR_POLICY_INVALID`,
 *   `ERR_POLICY_EMPTY`
 */
export async function createPolicy(
  queries: Queries,
  name: string,
  document: string,
  deed: Deed,
): Promise<FleetPolicy> {
  if (!NAME.test(name)) throw invalid('the name of the policy', 'a host label', name.slice(0, 80));
  const bytes = utf8(document);
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    const seen = `${String(bytes.length)} bytes`;
    throw invalid('the policy', `at most ${String(MAX_DOCUMENT_BYTES)} bytes`, seen);
  }
  parseFleetPolicy(document);
  const digest = toHex(sha256(bytes));
  // Two operators at once get two versions.
  await queries.run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`policy:${name}`]);
  const latest = await findPolicy(queries, name);
  if (latest?.sha256 === digest) return latest;
  const version = (latest?.version ?? 0) + 1;
  await queries.run(`INSERT INTO policies (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)`, [
    name,
    version,
    document,
    digest,
    deed.at,
    deed.actor,
  ]);
  const event = {
    actor: deed.actor,
    action: 'policy.create',
    subject: `policy:${name}@${String(version)}`,
    outcome: 'done',
    inputs: { document: digest },
    facts: { name },
  } as const;
  await appendAudit(queries, event, deed.at);
  return getPolicy(queries, name, version);
}

/**
 * A version of a policy.
 *
 * @throws FleetError `ERR_FLEET_POLICY_UNKNOWN`
 */
export async function getPolicy(
  queries: Queries,
  name: string,
  version: number,
): Promise<FleetPolicy> {
  const policy = await findPolicy(queries, name, version);
  if (policy !== undefined) return policy;
  throw new FleetError('ERR_FLEET_POLICY_UNKNOWN', 'there is no such version of the policy', {
    seen: `${name}@${String(version)}`,
  });
}

/** The latest version of every policy, in the order of their names. */
export function listPolicies(queries: Queries): Promise<readonly FleetPolicy[]> {
  return queries.rows(
    policyRow,
    `SELECT DISTINCT ON (name) ${COLUMNS} FROM policies ORDER BY name, version DESC`,
  );
}

/** A version of a policy, the latest unless told. */
function findPolicy(
  queries: Queries,
  name: string,
  version?: number,
): Promise<FleetPolicy | undefined> {
  return firstRow(
    queries,
    policyRow,
    `SELECT ${COLUMNS} FROM policies WHERE name = $1 AND ($2::integer IS NULL OR version = $2::integer)
      ORDER BY version DESC LIMIT 1`,
    [name, version ?? null],
  );
}

function invalid(what: string, expected: string, seen: string): FleetError {
  return new FleetError('ERR_FLEET_REQUEST_INVALID', `${what} is malformed`, { expected, seen });
}
