// SPDX-License-Identifier: Apache-2.0
import {
  equalBytes,
  loadedWorkloads,
  type LoadedWorkload,
  replayRuntimeEvents,
  type RuntimeEvent,
  toHex,
} from '@proofgate/evidence';
import type { EvidenceClaims } from '../claims.ts';
import { VerifierError } from '../errors.ts';

/**
 * Demands that a runtime event log is the one that the TEE measured, and says which workloads it proves to run.
 *
 * @param evidence verified claims
 * @throws VerifierError `ERR_EVENT_LOG_REPLAY`; EvidenceError when the events contradict each other
 */
export function checkEventLog(
  events: readonly RuntimeEvent[],
  evidence: EvidenceClaims,
): readonly LoadedWorkload[] {
  if (evidence.tee !== 'tdx') {
    throw new VerifierError('ERR_EVENT_LOG_REPLAY', 'only a TD measures a runtime event log', {
      expected: 'tdx',
      seen: evidence.tee,
    });
  }
  const [, , , rtmr3] = evidence.quote.body.rtmr;
  const replayed = replayRuntimeEvents(events);
  if (!equalBytes(replayed, rtmr3)) {
    throw new VerifierError('ERR_EVENT_LOG_REPLAY', 'the event log does not replay to RTMR3', {
      expected: toHex(rtmr3),
      seen: toHex(replayed),
      hint: 'the log is incomplete, or is from before or after the quote; fetch both again',
    });
  }
  return loadedWorkloads(events);
}
