// SPDX-License-Identifier: Apache-2.0
import { equalBytes, toHex } from '@proofgate/evidence';
import { type MeasurementSet, type TcbStatus, VerifierError } from '@proofgate/verifier';
import type { ItaClaims, ItaPolicy } from './ita-claims.ts';
import type { ItaNonce } from './ita-report-data.ts';

/** What the claims of a token have to be. */
export interface ItaExpectations {
  /**
   * 64 bytes, computed by the caller from the key or the session that the TD is to be behind: without it, a token
   * is about some TD.
   */
  readonly reportData: Uint8Array;
  /** The nonce that the caller got for this token. Without it, a token may be replayed until it expires. */
  readonly nonce?: ItaNonce;
  /**
   * Policies that have to be matched. A token is issued for evidence that matches none as well. An account can change
   * a policy under its id; the hash pins its text.
   */
  readonly policies?: readonly ItaPolicy[];
  /** Default: `UpToDate` alone. */
  readonly tcbStatuses?: readonly TcbStatus[];
  /** Any of these has to match, such as `policy.measurements`. Default: not compared. */
  readonly measurements?: readonly MeasurementSet[];
}

const TCB_STATUSES: readonly TcbStatus[] = ['UpToDate'];

/**
 * Demands that a token says what its reader needs.
 *
 * @throws VerifierError `ERR_ITA_REPORT_DATA`, `ERR_ITA_NONCE`, `ERR_ITA_DEBUG`, `ERR_ITA_TCB_STATUS`,
 *   `ERR_ITA_POLICY`, `ERR_ITA_MEASUREMENT`
 */
export function demandItaClaims(claims: ItaClaims, expected: ItaExpectations): void {
  demandReportData(claims, expected.reportData);
  if (expected.nonce !== undefined) demandNonce(claims, expected.nonce);
  if (claims.debug) {
    throw new VerifierError('ERR_ITA_DEBUG', 'the TD is open to its host for debugging');
  }
  demandStatus(claims, expected.tcbStatuses ?? TCB_STATUSES);
  for (const policy of expected.policies ?? []) demandPolicy(claims, policy);
  if (expected.measurements !== undefined) demandMeasurements(claims, expected.measurements);
}

function demandReportData({ reportData }: ItaClaims, expected: Uint8Array): void {
  if (equalBytes(reportData, expected)) return;
  throw new VerifierError('ERR_ITA_REPORT_DATA', 'the token is about other evidence', {
    expected: toHex(expected),
    seen: toHex(reportData),
  });
}

function demandNonce({ nonce }: ItaClaims, { val, iat }: ItaNonce): void {
  if (nonce?.val === val && nonce.iat === iat) return;
  throw new VerifierError('ERR_ITA_NONCE', 'the token is for another nonce', {
    expected: val,
    seen: nonce?.val.slice(0, 200) ?? 'none',
    hint: 'an earlier token may have been replayed',
  });
}

function demandStatus({ tcb }: ItaClaims, accepted: readonly string[]): void {
  if (accepted.includes(tcb.status)) return;
  throw new VerifierError('ERR_ITA_TCB_STATUS', 'the TCB status is not accepted', {
    expected: accepted.join(' or '),
    seen: tcb.status.slice(0, 60),
  });
}

function demandPolicy({ matchedPolicies }: ItaClaims, { id, hash }: ItaPolicy): void {
  const matched = matchedPolicies.some(
    (policy) => policy.id === id && (hash === undefined || policy.hash === hash),
  );
  if (matched) return;
  throw new VerifierError('ERR_ITA_POLICY', 'a required policy is not matched', {
    expected: hash === undefined ? id : `${id} with hash ${hash}`,
    seen: matchedPolicies
      .map((policy) => policy.id)
      .join(', ')
      .slice(0, 200),
  });
}

function demandMeasurements({ measurements }: ItaClaims, sets: readonly MeasurementSet[]): void {
  const match = sets.some(
    ({ values }) =>
      values.size > 0 &&
      [...values].every(([register, value]) => measurements.get(register) === value),
  );
  if (match) return;
  throw new VerifierError('ERR_ITA_MEASUREMENT', 'no measurement set matches', {
    expected: sets.map(({ name }) => name).join(' or '),
    seen: [...measurements].map(([register, value]) => `${register} ${value}`).join(', '),
  });
}
