// SPDX-License-Identifier: Apache-2.0
import { MAX_WORKLOAD_DATA_BYTES } from '../binding/workload-evidence.ts';
import { toBase64 } from '../bytes/base64.ts';
import { StrictObject } from '../json/strict-object.ts';
import { parseRuntimeEvent, type RuntimeEvent } from '../log/runtime-event.ts';
import { MAX_RUNTIME_EVENTS } from '../log/runtime-log.ts';
import { MAX_QUOTE_BYTES } from '../quote/quote-limits.ts';
import { parseCollateral, type Collateral } from './collateral.ts';

/**
 * What a workload gets when it asks for evidence, and hands to whoever is to check it.
 *
 * Nothing in it is proved before `checkWorkloadEvidence` has compared it with a verified quote;
 * `simulated` is a hint for display.
 */
export interface WorkloadEvidence {
  readonly version: 1;
  /** Only a TD measures which workloads are loaded. */
  readonly tee: 'tdx';
  readonly simulated: boolean;
  readonly workload: {
    readonly name: string;
    /** 64 hex digits. */
    readonly imageDigest: string;
  };
  /** What the workload named. */
  readonly data: Uint8Array;
  readonly quote: Uint8Array;
  /** What replays to RTMR3 of the quote. */
  readonly eventLog: readonly RuntimeEvent[];
  readonly collateral?: Collateral;
}

const CODE = 'ERR_DOCUMENT_INVALID';

/** Longest name of a workload (RFC 1035, section 2.3.4). */
const MAX_NAME_CHARACTERS = 63;

/**
 * Reads a document of workload evidence. The quote inside is not parsed further.
 *
 * @param value what `JSON.parse` returned
 * @throws EvidenceError `ERR_DOCUMENT_INVALID`, `ERR_RUNTIME_EVENT`, `ERR_COLLATERAL_INVALID`
 */
export function parseWorkloadEvidence(value: unknown): WorkloadEvidence {
  const object = new StrictObject(value, 'evidence', CODE);
  const collateral = object.optional('collateral', (key) => parseCollateral(object.value(key)));
  const evidence: WorkloadEvidence = {
    version: object.oneOf('version', [1]),
    tee: object.oneOf('tee', ['tdx']),
    simulated: object.boolean('simulated'),
    workload: readWorkload(object.value('workload')),
    data: object.base64('data', MAX_WORKLOAD_DATA_BYTES),
    quote: object.base64('quote', MAX_QUOTE_BYTES),
    eventLog: object.list('eventLog', MAX_RUNTIME_EVENTS).map(parseRuntimeEvent),
    ...(collateral === undefined ? {} : { collateral }),
  };
  object.finish();
  return evidence;
}

/**
 * Writes a document of workload evidence as a value for `JSON.stringify`.
 *
 * @param evidence what is to be written
 * @returns the value that {@link parseWorkloadEvidence} reads
 */
export function encodeWorkloadEvidence(evidence: WorkloadEvidence): unknown {
  const { data, quote, ...rest } = evidence;
  return { ...rest, data: toBase64(data), quote: toBase64(quote) };
}

function readWorkload(value: unknown): WorkloadEvidence['workload'] {
  const object = new StrictObject(value, 'evidence.workload', CODE);
  const workload = {
    name: object.text('name', MAX_NAME_CHARACTERS),
    imageDigest: object.pattern('imageDigest', /^[0-9a-f]{64}$/, '64 lower-case hex digits', 64),
  };
  object.finish();
  return workload;
}
