// SPDX-License-Identifier: Apache-2.0
import { concatBytes, equalBytes, lengthPrefixed } from '../bytes/bytes.ts';
import { asReportData, asSha256, type ReportData, type Sha384 } from '../bytes/fixed-bytes.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha512 } from '../hashes.ts';
import { isWorkloadName, type RuntimeEvent } from '../log/runtime-event.ts';
import { loadedWorkloads, replayRuntimeEvents, type LoadedWorkload } from '../log/runtime-log.ts';

/*
 * A workload may have evidence made over data of its own:
 *
 *   report_data = SHA-512( "proofgate/workload-evidence/v1" || LP(name) || LP(image digest) || LP(data) )
 *
 * LP(x) is the length of x as four bytes, big endian, then x. Name and image digest are put in by
 * the launcher, never by the workload. No other formula begins with this label: report data of
 * certificates begins with a hash of the key, that of session batches with a byte below 3. So
 * evidence that a workload gets can stand in for nothing else.
 */

/** Names the purpose and the formula. */
const LABEL = utf8('proofgate/workload-evidence/v1');

/** Most bytes that a workload may have evidence made over: a hash, a key, a small document. */
export const MAX_WORKLOAD_DATA_BYTES = 4096;

/** What a workload has evidence made over, and who it is. */
export interface WorkloadStatement {
  /** As in the event log. */
  readonly name: string;
  /** SHA-256 of what runs, as in the event log: 64 hex digits. */
  readonly imageDigest: string;
  /** 1 to {@link MAX_WORKLOAD_DATA_BYTES} bytes. */
  readonly data: Uint8Array;
}

/** What verified evidence of a TD says, as far as it is looked at here. */
export interface WorkloadQuote {
  readonly reportData: Uint8Array;
  /** RTMR3, 48 bytes. */
  readonly rtmr3: Sha384;
}

/**
 * Report data of evidence that a workload asked for.
 *
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 * @example
 * ```ts
 * const reportData = workloadReportData({ name: 'web', imageDigest, data: utf8('nonce') });
 * ```
 */
export function workloadReportData({ name, imageDigest, data }: WorkloadStatement): ReportData {
  if (!isWorkloadName(name)) throw misuse('workload name', 'a host label', JSON.stringify(name));
  if (!/^[0-9a-f]{64}$/.test(imageDigest)) {
    throw misuse('image digest', '64 lower-case hex digits', `${imageDigest.length} characters`);
  }
  if (data.length === 0 || data.length > MAX_WORKLOAD_DATA_BYTES) {
    throw misuse('data', `1 to ${MAX_WORKLOAD_DATA_BYTES} bytes`, `${data.length} bytes`);
  }
  return asReportData(
    sha512(
      concatBytes(
        LABEL,
        lengthPrefixed(utf8(name)),
        lengthPrefixed(asSha256(fromHex(imageDigest))),
        lengthPrefixed(data),
      ),
    ),
  );
}

/**
 * Demands that evidence was made for a workload, over data that the caller knows, in a TD in which
 * that workload is loaded.
 *
 * @param quote of evidence that has been verified before
 * @param statement name and digest as the workload's document states them; `data` is the caller's
 * own, such as a nonce that the workload was given
 * @param eventLog as the document states it
 * @returns what the log proves about the workload. Whether it is an acceptable one is for the
 * caller's policy.
 * @throws EvidenceError `ERR_WORKLOAD_EVIDENCE`; `ERR_REPORT_DATA_INPUT` for a statement that no
 * workload can make; `ERR_RUNTIME_EVENT_ORDER` when the log contradicts itself
 * @example
 * ```ts
 * const document = parseWorkloadEvidence(JSON.parse(text));
 * const { reportData, quote } = await verifyQuote(document.quote, options);
 * const workload = checkWorkloadEvidence(
 *   { reportData, rtmr3: quote.body.rtmr[3] },
 *   { ...document.workload, data: nonce },
 *   document.eventLog,
 * );
 * ```
 */
export function checkWorkloadEvidence(
  quote: WorkloadQuote,
  statement: WorkloadStatement,
  eventLog: readonly RuntimeEvent[],
): LoadedWorkload {
  const expected = workloadReportData(statement);
  if (!equalBytes(expected, quote.reportData)) {
    throw refused(
      'the evidence is not for this workload and this data',
      toHex(expected),
      toHex(quote.reportData),
    );
  }
  const replayed = replayRuntimeEvents(eventLog);
  if (!equalBytes(replayed, quote.rtmr3)) {
    throw refused(
      'the event log does not replay to RTMR3 of the evidence',
      toHex(quote.rtmr3),
      toHex(replayed),
    );
  }
  const named = loadedWorkloads(eventLog).filter(({ name }) => name === statement.name);
  const same = named.filter(({ imageDigest }) => imageDigest === statement.imageDigest);
  const [workload, ...others] = same;
  // Two of the same image differ in their configuration, and the evidence does not say which it was.
  if (workload === undefined || others.length > 0) {
    throw refused(
      `the event log does not show which workload ${statement.name} this is`,
      `exactly one that is loaded, with image digest ${statement.imageDigest}`,
      `${same.length} of that digest among ${named.length} of that name`,
    );
  }
  return workload;
}

function misuse(what: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError(
    'ERR_REPORT_DATA_INPUT',
    `${what} is malformed`,
    { expected, seen },
    'misuse',
  );
}

function refused(message: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_WORKLOAD_EVIDENCE', message, { expected, seen });
}
