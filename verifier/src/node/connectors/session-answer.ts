// SPDX-License-Identifier: Apache-2.0
import { fromBase64Url, fromUtf8, MAX_QUOTE_BYTES } from '@proofgate/evidence';
import { type Tee, VerifierError } from '@proofgate/verifier';

/** What a host answers to a session challenge, as far as a verifier uses it. */
export interface SessionAnswer {
  readonly tee: Tee;
  /** Quote or report. */
  readonly quote: Uint8Array;
  readonly gpuEvidence: Uint8Array | undefined;
}

/** RA-TLS v1 cuts GPU evidence at 64 KiB, and v2 takes its format over. */
const MAX_GPU_EVIDENCE_BYTES = 64 * 1024;
/** A quote and GPU evidence in base64url are 128 KiB; the other members are short. */
export const MAX_SESSION_ANSWER_BYTES: number = 192 * 1024;

const TEES: ReadonlyMap<unknown, Tee> = new Map<unknown, Tee>([
  ['tdx', 'tdx'],
  ['tdx-gpu', 'tdx'],
  ['sgx', 'sgx'],
  ['sev-snp', 'sev-snp'],
]);

/**
 * Reads the answer to a challenge (RA-TLS v2). Members that are not listed there are ignored: nothing is believed but
 * the quote, which has to cover the session.
 *
 * @throws VerifierError `ERR_SESSION_ANSWER`, `ERR_SESSION_CLIENT_EVIDENCE`
 */
export function parseSessionAnswer(body: Uint8Array): SessionAnswer {
  const members = readObject(body);
  const [v, mode, tee] = [members.get('v'), members.get('mode'), members.get('tee')];
  if (v !== 2) throw unusable('v', '2', v);
  if (mode !== 'challenge') throw unusable('mode', 'challenge', mode);
  const known = TEES.get(tee);
  if (known === undefined) throw unusable('tee', [...TEES.keys()].join(' or '), tee);
  checkClientEvidence(members.get('client_evidence'));
  const gpu = members.get('gpu_evidence') ?? undefined;
  if (tee === 'tdx-gpu' && gpu === undefined) throw unusable('gpu_evidence', 'evidence', gpu);
  return {
    tee: known,
    quote: readBytes('quote', members.get('quote'), MAX_QUOTE_BYTES),
    gpuEvidence:
      gpu === undefined ? undefined : readBytes('gpu_evidence', gpu, MAX_GPU_EVIDENCE_BYTES),
  };
}

function readObject(body: Uint8Array): ReadonlyMap<string, unknown> {
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

function checkClientEvidence(wanted: unknown): void {
  if (wanted === undefined || wanted === 'none') return;
  if (wanted !== 'required') throw unusable('client_evidence', 'none or required', wanted);
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
