// SPDX-License-Identifier: Apache-2.0
import {
  CodedError,
  equalBytes,
  fleetReportData,
  toHex,
  type ErrorDetails,
} from '@proofgate/evidence';
import {
  checkEventLog,
  judge,
  verifyEvidence,
  type Check,
  type CollateralInput,
  type Policy,
  type PolicyRoot,
  type TrustedRoot,
  type Verdict,
} from '@proofgate/verifier';
import { FleetError } from '../errors.ts';
import type { AssignedPolicy, PolicyMode } from '../policies/policy-assignment.ts';
import type { AgentClaim } from './agent-evidence.ts';

/** What one policy says about an agent, with everything that was looked at. */
export interface PolicyJudgement {
  readonly policy: string;
  readonly version: number;
  readonly mode: PolicyMode;
  readonly accepted: boolean;
  /** Of the check that refuses. */
  readonly code?: string;
  readonly checks: readonly Check[];
}

/** Whether an agent is let in, and why. */
export interface Judgement {
  readonly accepted: boolean;
  /** Let in although a policy that only warns refuses it. */
  readonly warned: boolean;
  /** Of the first refusal that decides. */
  readonly refusal: Refusal | undefined;
  readonly policies: readonly PolicyJudgement[];
}

/** Why an agent is refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The check that refused. */
  readonly check: string;
}

/** A judgement by one policy, and whether its refusal is one of the evidence, which no mode makes good. */
interface Judged extends PolicyJudgement {
  readonly refusal: Refusal | undefined;
  readonly genuine: boolean;
}

/**
 * Judges an agent by every policy that is assigned to it: its evidence has to be genuine, made for exactly this claim, with an
 * event log that replays, and acceptable.
 *
 * @param policies - at least one that is not a shadow
 * @param collateral - where collateral comes from, unless the agent brings it
 * @throws errors of families `unavailable` and `misuse`: there is no judgement then
 */
export async function judgeAgent(
  claim: AgentClaim,
  policies: readonly AssignedPolicy[],
  collateral: CollateralInput | undefined,
): Promise<Judgement> {
  const judged: Judged[] = [];
  for (const policy of policies) judged.push(await judgeBy(policy, claim, collateral));
  const deciding = judged.find(
    ({ accepted, genuine, mode }) =>
      !accepted && (mode === 'strict' || (mode === 'warn' && !genuine)),
  );
  const refusal = deciding?.refusal;
  return {
    accepted: refusal === undefined,
    warned:
      refusal === undefined && judged.some(({ accepted, mode }) => !accepted && mode === 'warn'),
    refusal,
    policies: judged.map(({ refusal: _, genuine: __, ...judgement }) => judgement),
  };
}

async function judgeBy(
  { policy, version, mode, rules }: AssignedPolicy,
  claim: AgentClaim,
  collateral: CollateralInput | undefined,
): Promise<Judged> {
  const name = { policy, version, mode };
  const checks: Check[] = [];
  try {
    const verdict = await verify(claim, rules, collateral);
    checks.push(...verdict.checks.filter((check) => check.result !== 'warning'));
    checks.push(checkBinding(verdict, claim));
    const workloads = checkEventLog(claim.evidence.eventLog, verdict.evidence);
    checks.push({
      name: 'eventLog',
      result: 'passed',
      seen: `${String(claim.evidence.eventLog.length)} events, ${String(workloads.length)} workloads`,
    });
    // The evidence covers the key of this agent and a nonce of this exchange: nothing is bound more closely.
    const subject = { ...verdict, workloads, binding: 'session', quoteTime: claim.nonceIssuedAt };
    const decision = judge({ ...subject, binding: 'session' }, rules);
    const { accepted, refusal } = decision;
    checks.push(...decision.checks);
    if (refusal === undefined) return { ...name, accepted, checks, refusal, genuine: true };
    const { code } = refusal;
    const message = `policy ${policy}@${String(version)} refuses: ${refusal.name}`;
    return {
      ...name,
      accepted,
      code,
      checks,
      genuine: true,
      refusal: { code, message, check: refusal.name },
    };
  } catch (error) {
    if (!isRejection(error)) throw error;
    const { code, message } = error;
    checks.push({ name: 'evidence', result: 'refused', ...said(error) });
    return {
      ...name,
      accepted: false,
      code,
      checks,
      genuine: false,
      refusal: { code, message, check: 'evidence' },
    };
  }
}

function verify(
  { evidence, at }: AgentClaim,
  rules: Policy,
  collateral: CollateralInput | undefined,
): Promise<Verdict> {
  const source = collateral ?? evidence.collateral;
  return verifyEvidence({
    evidence: { kind: 'quote', bytes: evidence.quote },
    policy: 'none',
    roots: (rules.roots ?? ['intel']).map(trustedRoot),
    at,
    ...(source === undefined ? {} : { collateral: source }),
  });
}

function checkBinding({ evidence }: Verdict, { binding }: AgentClaim): Check {
  const expected = fleetReportData(binding);
  if (!equalBytes(evidence.reportData, expected)) {
    throw new FleetError(
      'ERR_FLEET_EVIDENCE_BINDING',
      'the evidence was not made for this request',
      {
        expected: `report data ${toHex(expected)}`,
        seen: toHex(evidence.reportData),
        hint: 'purpose, fleet, agent, key and nonce must be those that the quote covers',
      },
    );
  }
  return { name: 'binding', result: 'passed', seen: `${binding.purpose} ${binding.agent}` };
}

/** How policies name roots. */
function trustedRoot(root: PolicyRoot): TrustedRoot {
  return root === 'intel' || root === 'amd' ? root : { sha256: root.slice('sha256:'.length) };
}

function isRejection(error: unknown): error is CodedError {
  return error instanceof CodedError && error.family === 'rejected';
}

function said({ message, expected, seen, hint }: CodedError): Omit<Check, 'name' | 'result'> {
  const details: ErrorDetails = { expected, seen: seen ?? message, hint };
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}
