// SPDX-License-Identifier: Apache-2.0
import type { AttestationDocument, LoadedWorkload } from '@proofgate/evidence';
import type { EvidenceClaims } from '../claims.ts';
import {
  checkClaimsAgainstLog,
  checkManifests,
  type ConfigurationClaims,
} from '../document/check-configuration.ts';
import { checkEventLog } from '../document/check-event-log.ts';
import type { CheckRecorder } from './check-recorder.ts';
import { listText } from '../list-text.ts';

/** A certificate's claims together with the verified evidence behind them. */
export interface ClaimsToProve extends ConfigurationClaims {
  readonly evidence: EvidenceClaims;
}

/**
 * Checks the manifests and the event log of an attestation document, if there is one.
 *
 * @returns the workloads that the log proves to run; undefined without a log
 * @throws VerifierError `ERR_EVENT_LOG_*`, `ERR_EVIDENCE_MISMATCH`; EvidenceError for malformed parts
 */
export async function examineLogs(
  document: AttestationDocument | undefined,
  claims: ClaimsToProve,
  recorder: CheckRecorder,
): Promise<readonly LoadedWorkload[] | undefined> {
  if (document === undefined) {
    recorder.skipped('eventLog', 'no attestation document');
    return undefined;
  }
  await recorder.step(
    'manifests',
    () => {
      checkManifests(document.manifests, claims.extensions);
    },
    () => listText(Object.keys(document.manifests), 'none'),
  );
  if (claims.evidence.tee !== 'tdx') {
    recorder.skipped('eventLog', `${claims.evidence.tee} has no register for run-time events`);
    return undefined;
  }
  return recorder.step(
    'eventLog',
    () => {
      const workloads = checkEventLog(document.eventLog, claims.evidence);
      checkClaimsAgainstLog(claims, document.eventLog, workloads);
      return workloads;
    },
    (workloads) => `${document.eventLog.length} events, ${workloads.length} workloads`,
  );
}
