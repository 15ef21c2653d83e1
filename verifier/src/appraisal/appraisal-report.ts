// SPDX-License-Identifier: Apache-2.0
import { type CodedError, toHex } from '@proofgate/evidence';
import type { BindingKind, Tee } from '../claims.ts';
import type { Check, Decision, NearestMeasurementSet } from '../policy/decision.ts';
import type { TrustAnchor } from '../roots/trust-anchor.ts';
import type { Judgement } from './judge-findings.ts';
import {
  describeExtensions,
  describePlatform,
  describeTcb,
  type ReportedExtension,
  type ReportedTcb,
  type ReportedWorkload,
} from './reported-claims.ts';
import type { Findings } from './verdict.ts';
import { present } from '../present.ts';
import { hintOf } from '../refusal-hints.ts';

/** What evidence proves, as JSON. */
export interface ReportedFindings {
  readonly tee: Tee;
  readonly trustAnchor: TrustAnchor;
  readonly tcb: ReportedTcb;
  readonly platform: Readonly<Record<string, string>>;
  /** Hex. */
  readonly measurements: Readonly<Record<string, string>>;
  /** Hex. */
  readonly reportData: string;
  readonly debug: boolean;
  readonly extensions: readonly ReportedExtension[];
  /** `null` when no event log proves anything. */
  readonly workloads: readonly ReportedWorkload[] | null;
  readonly binding: BindingKind;
  readonly freshness: {
    readonly mode: BindingKind;
    /** ISO 8601; `null` when the evidence is not bound to a time. */
    readonly quoteTime: string | null;
    readonly ageSeconds: number | null;
  };
  /** Whether the certificate's issuer was verified up to a root that the caller named. */
  readonly certificateChain: 'verified' | 'not verified' | 'none';
}

/** The outcome of an appraisal, as JSON: what `verify --json` prints. */
export interface AppraisalReport extends Partial<ReportedFindings> {
  readonly verdict: 'accepted' | 'refused';
  /** Code of the refusal. */
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  /** The policy's name, or `none` when the verdict covers the evidence alone. */
  readonly policy: string;
  /** The time of verification, ISO 8601. */
  readonly at: string;
  readonly checks: readonly Check[];
  /** The measurement set that matched. */
  readonly measurementSet?: string;
  /** The one that comes closest, when none matched. */
  readonly nearestMeasurementSet?: NearestMeasurementSet;
  /** What the shadow policy would have decided. */
  readonly shadow?: ShadowReport;
}

/** What a policy would have decided that is not enforced. */
export interface ShadowReport {
  readonly policy: string;
  readonly accepted: boolean;
  readonly code?: string;
  readonly checks: readonly Check[];
}

/** Reports evidence that holds, accepted or refused by a policy. */
export function reportOf(
  findings: Findings,
  { policy, decision, shadow }: Judgement,
  checks: readonly Check[],
): AppraisalReport {
  const refusal = decision?.refusal;
  return {
    verdict: refusal === undefined ? 'accepted' : 'refused',
    ...present({
      code: refusal?.code,
      message: refusal && `policy ${policy} refuses: ${refusal.name}`,
      hint: refusal?.hint,
    }),
    policy,
    at: findings.at.toISOString(),
    checks: checks.map(publicCheck),
    ...reportFindings(findings),
    ...present({
      measurementSet: decision?.measurementSet,
      nearestMeasurementSet: decision?.nearest,
      shadow: shadow && reportShadow(shadow),
    }),
  };
}

/** Reports evidence that does not hold: nothing in it is worth repeating as a fact. */
export function refusedReport(
  error: CodedError,
  policy: string,
  checks: readonly Check[],
  at: Date,
): AppraisalReport {
  const recorded = checks.some(({ result }) => result === 'refused');
  const refusal: Check = { name: 'evidence', result: 'refused', seen: error.message };
  return {
    verdict: 'refused',
    code: error.code,
    message: error.message,
    hint: hintOf(error),
    policy,
    at: at.toISOString(),
    checks: [...checks, ...(recorded ? [] : [refusal])].map(publicCheck),
  };
}

function reportFindings(findings: Findings): ReportedFindings {
  const { evidence, quoteTime, at, workloads, certificate, chainVerified } = findings;
  const age = quoteTime === undefined ? null : (at.getTime() - quoteTime.getTime()) / 1000;
  return {
    tee: evidence.tee,
    trustAnchor: evidence.trustAnchor,
    tcb: describeTcb(evidence),
    platform: describePlatform(evidence),
    measurements: Object.fromEntries(evidence.measurements),
    reportData: toHex(evidence.reportData),
    debug: evidence.debug,
    extensions: describeExtensions(findings.extensions),
    workloads: workloads?.map((workload) => ({ ...workload })) ?? null,
    binding: findings.binding,
    freshness: {
      mode: findings.binding,
      quoteTime: quoteTime?.toISOString() ?? null,
      ageSeconds: age,
    },
    certificateChain:
      certificate === undefined ? 'none' : chainVerified ? 'verified' : 'not verified',
  };
}

function reportShadow({ policy, accepted, refusal, checks }: Decision): ShadowReport {
  const code = refusal?.code;
  return { policy, accepted, checks: checks.map(publicCheck), ...present({ code }) };
}

// A policy's checks also carry codes; in a report the first one stands at the top.
function publicCheck({ name, result, expected, seen, hint }: Check): Check {
  return { name, result, ...present({ expected, seen, hint }) };
}
