// SPDX-License-Identifier: Apache-2.0
import { isAllZero, SESSION_CONTEXT_BYTES } from '@proofgate/evidence';
import type { ProxyErrorCode } from '../errors.ts';

/** How a quote covers a session: as one of many, or alone. */
export type QuoteMode = 'batch' | 'challenge';

/** A worker asks for evidence of one TLS session. The primary composes the report data: no worker chooses any. */
export interface EvidenceRequest {
  readonly kind: 'evidence-request';
  /** The worker's number for the request. */
  readonly ticket: number;
  readonly mode: QuoteMode;
  /** Which of the primary's identities the session was opened with. */
  readonly identity: string;
  /** 32 bytes of the client's choice. */
  readonly context: Uint8Array;
  /** 32 bytes: the TLS exporter over them. */
  readonly exported: Uint8Array;
  /** IP address of the client; a name to count under, no more. */
  readonly address: string;
}

/** The client of a request has gone. */
export interface EvidenceCancel {
  readonly kind: 'evidence-cancel';
  readonly ticket: number;
}

/** What a quote says, and which requests it answers. */
export type EvidenceAnswer =
  | {
      readonly kind: 'evidence-batch';
      readonly quote: Uint8Array;
      /** Unix milliseconds, as covered. */
      readonly time: number;
      readonly size: number;
      readonly places: readonly BatchPlace[];
    }
  | { readonly kind: 'evidence-challenge'; readonly ticket: number; readonly quote: Uint8Array }
  | {
      readonly kind: 'evidence-refusal';
      readonly tickets: readonly number[];
      readonly code: EvidenceRefusalCode;
    };

/** Where the session of a request is in a batch. */
export interface BatchPlace {
  readonly ticket: number;
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

/** Why the primary gives no evidence. */
export type EvidenceRefusalCode = Extract<
  ProxyErrorCode,
  | 'ERR_PROXY_EVIDENCE_LEAF'
  | 'ERR_PROXY_EVIDENCE_BUSY'
  | 'ERR_PROXY_EVIDENCE_RATE'
  | 'ERR_PROXY_EVIDENCE_QUOTE'
>;

/** A serial number in hex has at most 40 digits (RFC 5280, section 4.1.2.2). */
const IDENTITY = /^[0-9a-f]{1,40}$/;

/** An IPv6 address with the name of an interface is the longest. */
const MAX_ADDRESS = 64;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a message of a worker, field by field; `undefined` for anything that is not exactly one. */
export function readEvidenceMessage(fields: Fields): EvidenceRequest | EvidenceCancel | undefined {
  const { kind, ticket } = fields;
  if (!isTicket(ticket)) return undefined;
  if (kind === 'evidence-cancel') return { kind, ticket };
  return kind === 'evidence-request' ? readRequest(fields, ticket) : undefined;
}

function readRequest(fields: Fields, ticket: number): EvidenceRequest | undefined {
  const { mode, identity, address } = fields;
  const [context, exported] = [readSecret(fields['context']), readSecret(fields['exported'])];
  // Zeros come of a TLS stack in an error state, of which a sound worker tells its client.
  if (context === undefined || exported === undefined || isAllZero(exported)) return undefined;
  if (mode !== 'batch' && mode !== 'challenge') return undefined;
  if (typeof identity !== 'string' || !IDENTITY.test(identity)) return undefined;
  if (typeof address !== 'string' || address.length > MAX_ADDRESS) return undefined;
  return { kind: 'evidence-request', ticket, mode, identity, context, exported, address };
}

function isTicket(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A copy, so that what was checked is what is used. */
function readSecret(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length === SESSION_CONTEXT_BYTES
    ? Uint8Array.from(value)
    : undefined;
}
