// SPDX-License-Identifier: Apache-2.0
import {
  fromBase64Url,
  fromUtf8,
  MAX_QUOTE_BYTES,
  SESSION_CONTEXT_BYTES,
} from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';
import { readFlatJson, type FlatValue } from './flat-json.ts';

/** What a client asks of the evidence endpoint (RA-TLS v2, section 11.2, and mode `batch`, which is ours). */
export type AttestQuestion =
  | { readonly mode: 'deterministic'; readonly leaf: Uint8Array }
  | {
      readonly mode: 'challenge' | 'batch';
      /** SHA-256 of the key that the client was shown. */
      readonly leaf: Uint8Array;
      readonly context: Uint8Array;
    }
  | ({ readonly mode: 'present' } & PresentedEvidence);

/** Evidence that a client gives of itself (RA-TLS v2, section 11.4). */
export interface PresentedEvidence {
  /** That the client was given. */
  readonly context: Uint8Array;
  readonly tee: (typeof TEES)[number];
  readonly quote: Uint8Array;
  readonly gpuEvidence: Uint8Array | undefined;
  /** `YYYY-MM-DDTHH:MMZ` */
  readonly quoteTime: string;
  /** What the evidence can be verified with: a bundle as JSON, or AMD's chain as PEM. Our addition. */
  readonly collateral: Uint8Array | undefined;
}

/** RA-TLS v2: a question is at most this long. */
export const MAX_QUESTION_BYTES: number = 64 * 1024;

const TEES = ['tdx', 'tdx-gpu', 'sgx', 'sev-snp'] as const;
const SHA256_BYTES = 32;
const QUOTE_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$/;

/**
 * Reads a question strictly: what another reader could understand in another way is refused.
 *
 * @throws ProxyError ERR_PROXY_EVIDENCE_REQUEST
 */
export function parseQuestion(body: Uint8Array): AttestQuestion {
  const question = new Question(body);
  const read = readMembers(question);
  question.finish();
  return read;
}

function readMembers(question: Question): AttestQuestion {
  question.oneOf('v', [2]);
  const mode = question.oneOf('mode', ['deterministic', 'challenge', 'batch', 'present']);
  switch (mode) {
    case 'deterministic':
      return { mode, leaf: question.bytes('leaf', SHA256_BYTES) };
    case 'challenge':
    case 'batch':
      return {
        mode,
        leaf: question.bytes('leaf', SHA256_BYTES),
        context: question.bytes('context', SESSION_CONTEXT_BYTES),
      };
    case 'present':
      return {
        mode,
        context: question.bytes('context', SESSION_CONTEXT_BYTES),
        tee: question.oneOf('tee', TEES),
        quote: question.upTo('quote', MAX_QUOTE_BYTES),
        gpuEvidence: question.isNull('gpu_evidence')
          ? undefined
          : question.upTo('gpu_evidence', MAX_QUESTION_BYTES),
        quoteTime: question.matching('quote_time', QUOTE_TIME, 'YYYY-MM-DDTHH:MMZ'),
        collateral: question.isNull('collateral')
          ? undefined
          : question.upTo('collateral', MAX_QUESTION_BYTES),
      };
  }
}

/** Reads members one by one; those that nobody asks for are refused. */
class Question {
  private readonly members: ReadonlyMap<string, FlatValue>;
  private readonly unread: Set<string>;

  constructor(body: Uint8Array) {
    const members = readFlatJson(textOf(body));
    if (members === undefined) {
      throw invalid('question', 'one JSON object of texts, numbers and null, each member once');
    }
    this.members = members;
    this.unread = new Set(members.keys());
  }

  oneOf<T extends FlatValue>(name: string, allowed: readonly T[]): T {
    const value = this.take(name);
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw invalid(name, allowed.join(' or '));
    return found;
  }

  /** Exactly so many bytes. */
  bytes(name: string, size: number): Uint8Array {
    const bytes = this.upTo(name, size);
    if (bytes.length !== size) throw invalid(name, `${size} bytes in base64url`);
    return bytes;
  }

  upTo(name: string, most: number): Uint8Array {
    const value = this.take(name);
    const expected = `1 to ${most} bytes in base64url`;
    if (typeof value !== 'string' || value === '' || value.length > Math.ceil((most * 4) / 3)) {
      throw invalid(name, expected);
    }
    try {
      return fromBase64Url(value);
    } catch (cause) {
      throw invalid(name, expected, cause);
    }
  }

  matching(name: string, pattern: RegExp, expected: string): string {
    const value = this.take(name);
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw invalid(name, expected);
  }

  /** Also for a member that is not there. */
  isNull(name: string): boolean {
    this.unread.delete(name);
    return (this.members.get(name) ?? null) === null;
  }

  finish(): void {
    if (this.unread.size > 0) throw invalid('question', 'no members beyond those of its mode');
  }

  private take(name: string): FlatValue | undefined {
    this.unread.delete(name);
    return this.members.get(name);
  }
}

function textOf(body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (cause) {
    throw invalid('question', 'UTF-8', cause);
  }
}

function invalid(name: string, expected: string, cause?: unknown): ProxyError {
  const message = `${name} is not what it has to be`;
  return new ProxyError('ERR_PROXY_EVIDENCE_REQUEST', message, { expected, cause });
}
