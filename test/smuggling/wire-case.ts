// SPDX-License-Identifier: Apache-2.0

/** The host that every connection is attested for. */
export const HOST = 'app.example.com';

/** Content above this length is refused. */
export const MAX_BODY_BYTES = 1_000_000;

/** What must never arrive anywhere. Most cases hide it where a lenient parser would find a second request. */
export const SMUGGLED = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

/** A request as an upstream has to see it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** Content without its framing, as latin1. */
  readonly body: string;
  /** Fields that must be there with this value, by name in lower case; undefined for those that must not. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** Trailer fields, names in lower case, all of them. Servers behind nginx do not get any. */
  readonly trailers?: Readonly<Record<string, string>>;
  /** The upstream refuses it by itself with this status: by its kind, or whichever. */
  readonly refusedBy?: { readonly node?: number; readonly nginx?: number };
}

/** What has to become of the bytes of a case. */
export interface Outcome {
  /** Answered by the upstream, in this order. */
  readonly seen: readonly SeenRequest[];
  /**
   * What follows them: nothing, so that the connection serves on; the end of the connection; either; a refusal by the
   * proxy and the end; or nothing at all until the client gives up.
   */
  readonly then: 'open' | 'closed' | 'either' | 'unfinished' | Refusal;
  /** A stricter proxy refuses it: there is no need for such requests, but no two ways to read them either. */
  readonly orRefused?: Refusal;
  /** The head of one more request may reach the upstream before its content turns out to be broken; never all of it. */
  readonly partly?: boolean;
}

/** An answer of the proxy itself. */
export interface Refusal {
  readonly status: number;
  /** Any of these; framing and syntax share a status, and which rule is the first to refuse is of no interest here. */
  readonly codes: readonly string[];
}

/** Bytes that a client sends on a connection, and what has to become of them. */
export interface WireCase {
  readonly name: string;
  /** As latin1. */
  readonly bytes: string;
  readonly outcome: Outcome;
}

/** A request with the right Host and these fields; `rest` follows the head. */
export function request(line: string, fields: readonly string[] = [], rest = ''): string {
  return raw([line, `Host: ${HOST}`, ...fields], rest);
}

/** A head of these lines and nothing else. */
export function raw(lines: readonly string[], rest = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${rest}`;
}

/** The usual line of a case that has content. */
export const POST = 'POST /case HTTP/1.1';

/** The usual line of a case that has none. */
export const GET = 'GET /case HTTP/1.1';

const MALFORMED = ['ERR_PROXY_REQUEST_MALFORMED', 'ERR_PROXY_REQUEST_FRAMING'];

/** Refused at once, as malformed unless a code is named. */
export function refused(status = 400, ...codes: readonly string[]): Outcome {
  return { seen: [], then: { status, codes: codes.length === 0 ? MALFORMED : codes } };
}

/** Refused after its head may have been sent on. */
export function refusedInContent(status = 400, ...codes: readonly string[]): Outcome {
  return { ...refused(status, ...codes), partly: true };
}

/** Forwarded as these requests, after which the connection serves on. */
export function forwarded(...seen: readonly SeenRequest[]): Outcome {
  return { seen, then: 'open' };
}

/** Forwarded as these requests, after which the connection ends. */
export function forwardedAndClosed(...seen: readonly SeenRequest[]): Outcome {
  return { seen, then: 'closed' };
}

/** Forwarded, unless the proxy is stricter than that. */
export function forwardedOrRefused(...seen: readonly SeenRequest[]): Outcome {
  return { seen, then: 'open', orRefused: { status: 400, codes: MALFORMED } };
}

/** Whatever comes after these requests is not one, and may be the end of the connection before they are answered. */
export function forwardedThenRefused(...seen: readonly SeenRequest[]): Outcome {
  return { seen, then: { status: 400, codes: MALFORMED } };
}

/** The request is not complete, whatever is in it. */
export function unfinished(): Outcome {
  return { seen: [], then: 'unfinished', partly: true };
}

/** The request of most cases as the upstream sees it. */
export function post(body: string, more: Partial<SeenRequest> = {}): SeenRequest {
  return { method: 'POST', target: '/case', body, ...more };
}

/** The request of the other cases as the upstream sees it. */
export function get(more: Partial<SeenRequest> = {}): SeenRequest {
  return { method: 'GET', target: '/case', body: '', ...more };
}
