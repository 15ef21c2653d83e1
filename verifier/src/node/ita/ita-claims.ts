// SPDX-License-Identifier: Apache-2.0
import type { JWTPayload } from 'jose';
import { asReportData, fromHex, type ReportData } from '@proofgate/evidence';
import type { Register } from '@proofgate/verifier';
import { ItaMembers } from './ita-members.ts';
import type { ItaNonce } from './ita-report-data.ts';

/** A policy of Intel Trust Authority that a token matched. */
export interface ItaPolicy {
  readonly id: string;
  /** Of the policy's text, as Intel Trust Authority writes it. */
  readonly hash?: string;
}

/** What a verified token says about a TD. */
export interface ItaClaims {
  readonly tcb: { readonly status: string; readonly advisories: readonly string[] };
  /** Lower-case hex. */
  readonly measurements: ReadonlyMap<Register, string>;
  readonly reportData: ReportData;
  readonly debug: boolean;
  readonly matchedPolicies: readonly ItaPolicy[];
  readonly nonce: ItaNonce | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** Every claim of the token, for those that are not among the above. */
  readonly payload: Readonly<Record<string, unknown>>;
}

const REGISTER_CLAIMS: readonly (readonly [Register, string])[] = [
  ['mrtd', 'tdx_mrtd'],
  ['rtmr0', 'tdx_rtmr0'],
  ['rtmr1', 'tdx_rtmr1'],
  ['rtmr2', 'tdx_rtmr2'],
  ['rtmr3', 'tdx_rtmr3'],
];
const MEASUREMENT_BYTES = 48;
const REPORT_DATA_BYTES = 64;
/** Far more than an account has. */
const MAX_POLICIES = 256;
/** Intel has published some hundred advisories in all. */
const MAX_ADVISORIES = 1024;

/**
 * Reads the claims of a token whose signature and dates hold, in version 1 or 2.
 *
 * @throws VerifierError `ERR_ITA_CLAIMS`
 */
export function readItaClaims(payload: JWTPayload): ItaClaims {
  const members = new ItaMembers(payload);
  members.literal('attester_type', 'TDX');
  members.literal('dbgstat', 'disabled');
  return {
    tcb: {
      status: members.text('attester_tcb_status'),
      advisories: members.list('attester_advisory_ids', MAX_ADVISORIES).map(String),
    },
    measurements: new Map(
      REGISTER_CLAIMS.map(([register, name]) => [register, members.hex(name, MEASUREMENT_BYTES)]),
    ),
    reportData: asReportData(fromHex(members.hex('tdx_report_data', REPORT_DATA_BYTES))),
    debug: members.flag('tdx_is_debuggable') || members.optionalFlag('tdx_td_attributes_debug'),
    matchedPolicies: members
      .list('policy_ids_matched', MAX_POLICIES)
      .map((item) => readPolicy(members, item)),
    nonce: readNonce(members),
    issuedAt: dateOf(payload.iat),
    expiresAt: dateOf(payload.exp),
    payload: { ...payload },
  };
}

function readPolicy(members: ItaMembers, item: unknown): ItaPolicy {
  const policy = members.object('policy_ids_matched', item);
  const [id, hash] = [policy.get('id'), policy.get('hash')];
  if (typeof id !== 'string') return members.fail('policy_ids_matched', 'objects with an id');
  return typeof hash === 'string' ? { id, hash } : { id };
}

function readNonce(members: ItaMembers): ItaNonce | undefined {
  const value = members.value('verifier_nonce');
  if (value === undefined) return undefined;
  const nonce = members.object('verifier_nonce', value);
  const [val, iat] = [nonce.get('val'), nonce.get('iat')];
  if (typeof val === 'string' && typeof iat === 'string') return { val, iat };
  return members.fail('verifier_nonce', 'val and iat');
}

// Both were checked to be there and to be numbers.
function dateOf(seconds: number | undefined): Date {
  return new Date((seconds ?? Number.NaN) * 1000);
}
