// SPDX-License-Identifier: Apache-2.0
import {
  BATCH_HASH_BYTES,
  fromBase64Url,
  fromUtf8,
  MAX_BATCH_LEAVES,
  MAX_QUOTE_BYTES,
  SESSION_CONTEXT_BYTES,
  toBase64Url,
} from '@proofgate/evidence';
import { type KeyEvidence, type SessionBatch, type Tee, VerifierError } from '@proofgate/verifier';

/** How evidence covers a session: alone, or as one of many. */
export type SessionMode = 'challenge' | 'batch';

/** What a host answers to a question about a session, as far as a verifier uses it. */
export interface SessionAnswer {
  readonly tee: Tee;
  /** Quote or report. */
  readonly quote: Uint8Array;
  readonly gpuEvidence: Uint8Array | undefined;
  /** In mode `batch`. */
  readonly batch: SessionBatch | undefined;
}

/** RA-TLS v1 cuts GPU evidence at 64 KiB, and v2 takes its format over. */
const MAX_GPU_EVIDENCE_BYTES = 64 * 1024;
/** A quote and GPU evidence in base64url are 128 KiB; the other members are short. */
export const MAX_SESSION_ANSWER_BYTES: number = 192 * 1024;

/** A tree of 2^20 leaves is this high. */
const MAX_PATH_HASHES: number = Math.log2(MAX_BATCH_LEAVES);

const TEES: ReadonlyMap<unknown, Tee> = new Map<unknown, Tee>([
  ['tdx', 'tdx'],
  ['tdx-gpu', 'tdx'],
  ['sgx', 'sgx'],
  ['sev-snp', 'sev-snp'],
]);

const QUOTE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$/;

type Members = ReadonlyMap<string, unknown>;

/**
 * Reads the answer to a question about a session (RA-TLS v2). Members that are not listed there are ignored: nothing is
 * believed but the quote, which has to cover the session.
 *
 * @param mode that was asked for
 * @param mayPresent whether the host may want evidence of its client
 * @throws VerifierError `ERR_SESSION_ANSWER`, `ERR_SESSION_CLIENT_EVIDENCE`
 */
export function parseSessionAnswer(
  body: Uint8Array,
  mode: SessionMode,
  mayPresent: boolean = false,
): SessionAnswer {
  const { members, ...evidence } = readAnswer(body, mode, mayPresent);
  const batch = mode === 'batch' ? readBatch(members) : undefined;
  if (batch !== undefined && evidence.gpuEvidence !== undefined) {
    throw unusable('gpu_evidence', 'none, which a batch does not cover', 'some');
  }
  return { ...evidence, batch };
}

/**
 * Reads the answer to the question for the evidence of a key (RA-TLS v2, mode `deterministic`).
 *
 * @param mayPresent whether the host may want evidence of its client
 * @throws VerifierError `ERR_SESSION_ANSWER`, `ERR_SESSION_CLIENT_EVIDENCE`
 */
export function parseKeyAnswer(body: Uint8Array, mayPresent: boolean = false): KeyEvidence {
  const { members, tee, quote, gpuEvidence } = readAnswer(body, 'deterministic', mayPresent);
  const text = members.get('quote_time');
  const quoteTime = new Date(String(text).replace('Z', ':00Z'));
  if (typeof text !== 'string' || !QUOTE_TIME.test(text) || Number.isNaN(quoteTime.getTime())) {
    throw unusable('quote_time', 'YYYY-MM-DDTHH:MMZ', text);
  }
  return { tee, bytes: quote, gpuEvidence, quoteTime };
}

/**
 * Reads what a host's answer says of evidence of its client.
 *
 * @returns the context that the evidence has to cover, in base64url; `undefined` when the host wants none
 * @throws VerifierError `ERR_SESSION_ANSWER`
 */
export function parseClientContext(body: Uint8Array): string | undefined {
  const members = readObject(body);
  checkClientEvidence(members.get('client_evidence'), true);
  const context = members.get('client_context') ?? undefined;
  if (context === undefined && members.get('client_evidence') !== 'required') return undefined;
  return toBase64Url(readBytes('client_context', context, SESSION_CONTEXT_BYTES));
}

function readAnswer(
  body: Uint8Array,
  mode: string,
  mayPresent: boolean,
): Omit<SessionAnswer, 'batch'> & { readonly members: Members } {
  const members = readObject(body);
  const [v, answered, tee] = [members.get('v'), members.get('mode'), members.get('tee')];
  if (v !== 2) throw unusable('v', '2', v);
  if (answered !== mode) throw unusable('mode', mode, answered);
  const known = TEES.get(tee);
  if (known === undefined) throw unusable('tee', [...TEES.keys()].join(' or '), tee);
  checkClientEvidence(members.get('client_evidence'), mayPresent);
  const gpu = members.get('gpu_evidence') ?? undefined;
  if (tee === 'tdx-gpu' && gpu === undefined) throw unusable('gpu_evidence', 'evidence', gpu);
  return {
    members,
    tee: known,
    quote: readBytes('quote', members.get('quote'), MAX_QUOTE_BYTES),
    gpuEvidence:
      gpu === undefined ? undefined : readBytes('gpu_evidence', gpu, MAX_GPU_EVIDENCE_BYTES),
  };
}

/** What the numbers have to be to each other is checked together with the quote. */
function readBatch(members: Members): SessionBatch {
  const path = members.get('path');
  if (!Array.isArray(path) || path.length > MAX_PATH_HASHES) {
    throw unusable('path', `at most ${MAX_PATH_HASHES} hashes`, path);
  }
  return {
    index: readCount('index', members.get('index')),
    size: readCount('size', members.get('size')),
    time: new Date(readCount('time', members.get('time'))),
    path: path.map((hash: unknown) => readBytes('path', hash, BATCH_HASH_BYTES)),
  };
}

function readCount(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw unusable(name, 'a whole number', value);
}

function readObject(body: Uint8Array): Members {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(body));
  } catch (cause) {
    throw new VerifierError('ERR_SESSION_ANSWER', 'the answer is not JSON', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  throw unusable('the answer', 'an object', value);
}

function checkClientEvidence(wanted: unknown, mayPresent: boolean): void {
  if (wanted === undefined || wanted === 'none') return;
  if (wanted !== 'required') throw unusable('client_evidence', 'none or required', wanted);
  if (mayPresent) return;
  throw new VerifierError(
    'ERR_SESSION_CLIENT_EVIDENCE',
    'the host wants evidence of its client',
    {
      hint: 'only clients that are attested themselves can talk to this host',
    },
    'unavailable',
  );
}

function readBytes(name: string, value: unknown, maxBytes: number): Uint8Array {
  const maxLength = Math.ceil((maxBytes * 4) / 3);
  const expected = `1 to ${maxBytes} bytes in base64url`;
  if (typeof value !== 'string' || value === '' || value.length > maxLength) {
    throw unusable(name, expected, value);
  }
  try {
    return fromBase64Url(value);
  } catch (cause) {
    throw new VerifierError('ERR_SESSION_ANSWER', `${name} is not base64url`, { expected, cause });
  }
}

function unusable(name: string, expected: string, value: unknown): VerifierError {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const seen = text === undefined ? typeof value : text.slice(0, 60);
  return new VerifierError('ERR_SESSION_ANSWER', `${name} has a wrong value`, { expected, seen });
}
