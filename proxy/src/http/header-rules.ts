// SPDX-License-Identifier: Apache-2.0

/*
 * Which header fields pass through the proxy: every rule about names is in this file.
 *
 * A message keeps its fields in their order, with their case and their duplicates. Taken out are:
 *   - hop-by-hop fields and what Connection nominates (RFC 9110 section 7.6.1), but Connection cannot nominate framing,
 *     routing or identity fields away;
 *   - identity fields, in both directions, and every spelling that some server folds onto one of them;
 *   - on requests, the forwarding fields, which are then set from what the proxy knows itself:
 *       X-Forwarded-For    address of the TCP peer, one value (clients connect directly; what they claim is dropped)
 *       X-Forwarded-Proto  https
 *       X-Forwarded-Host   the attested host name
 */

/** Fields under these prefixes say who the peer is. Only the proxy itself may set them. */
const IDENTITY_PREFIXES = ['x-proofgate-peer', 'x-privasys-peer'] as const;

/** Fields with which a client could pretend to be a proxy in front of us. */
const FORWARDING_FIELDS: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** RFC 9110 section 7.6.1, and the older names that are in use. Trailer and TE have rules of their own below. */
const HOP_BY_HOP_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'upgrade',
]);

/** Fields that decide where a message ends and where it goes: checked elsewhere, never dropped by nomination. */
const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'te',
  'trailer',
  'transfer-encoding',
]);

/** Fields that a trailer section must not carry: framing, routing and what is decided before content (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'set-cookie',
]);

/** What is added to a request. */
export interface ForwardedFacts {
  /** IP address of the TCP peer. */
  readonly peerAddress: string;
  /** The attested host name. */
  readonly hostname: string;
}

/** How a message is framed towards its receiver, as far as fields depend on it. */
export interface OutgoingFraming {
  /** Sent with `Transfer-Encoding: chunked`, so that a trailer section is possible. */
  readonly chunked: boolean;
}

/** Name and value by turns, as Node's `rawHeaders`. */
export type RawHeaders = readonly string[];

/** The fields of a request as the upstream gets them, without Connection and Upgrade. */
export function upstreamRequestHeaders(
  raw: RawHeaders,
  facts: ForwardedFacts,
  framing: OutgoingFraming & { readonly expectContinue: boolean },
): string[] {
  const nominated = nominatedFields(raw);
  const headers = filterFields(raw, (name, value) => {
    if (isReserved(name) || nominated.has(name)) return false;
    if (name === 'expect') return framing.expectContinue;
    if (name === 'trailer') return framing.chunked;
    return name !== 'te' || listMembers(value).includes('trailers');
  });
  replaceValue(headers, 'te', 'trailers');
  headers.push('X-Forwarded-For', facts.peerAddress);
  headers.push('X-Forwarded-Proto', 'https');
  headers.push('X-Forwarded-Host', facts.hostname);
  return headers;
}

/** The fields of a response as the client gets them, without Connection and Upgrade. */
export function clientResponseHeaders(
  raw: RawHeaders,
  framing: OutgoingFraming & { readonly contentLength: boolean },
): string[] {
  const nominated = nominatedFields(raw);
  return filterFields(raw, (name) => {
    if (HOP_BY_HOP_FIELDS.has(name) || isIdentityField(name) || nominated.has(name)) return false;
    if (name === 'content-length') return framing.contentLength;
    return (name !== 'trailer' && name !== 'transfer-encoding') || framing.chunked;
  });
}

/** The trailer section as the other side gets it. */
export function forwardedTrailers(raw: RawHeaders): string[] {
  return filterFields(
    raw,
    (name) => !isReserved(name) && !FRAMING_FIELDS.has(name) && !NOT_IN_TRAILERS.has(name),
  );
}

/** Whether a field says who the peer is, in any spelling that a server might read as such a name. */
export function isIdentityField(name: string): boolean {
  const folded = foldedName(name);
  return IDENTITY_PREFIXES.some((prefix) => folded.startsWith(prefix));
}

/** Name and value pairs of Node's flat list. */
export function* fields(raw: RawHeaders): Generator<[name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    yield [raw[index] ?? '', raw[index + 1] ?? ''];
  }
}

/** The members of a comma-separated list, trimmed, in lower case. */
export function listMembers(value: string): string[] {
  return value
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/**
 * Whether a request field is never passed on. Servers that hand fields to programs as variables (CGI, WSGI) read
 * `X_Forwarded_For` and `X-Forwarded-For` as one name; so a name that only looks like a reserved one goes too.
 */
function isReserved(name: string): boolean {
  const folded = foldedName(name);
  if (isIdentityField(name) || FORWARDING_FIELDS.has(folded) || HOP_BY_HOP_FIELDS.has(folded)) {
    return true;
  }
  return FRAMING_FIELDS.has(folded) && folded !== name;
}

/** A field name as servers read it that make variables of names. */
export function foldedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** What Connection lists, less what it has no say over. */
function nominatedFields(raw: RawHeaders): Set<string> {
  const nominated = new Set<string>();
  for (const [name, value] of fields(raw)) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const member of listMembers(value)) {
      if (!FRAMING_FIELDS.has(member)) nominated.add(member);
    }
  }
  return nominated;
}

/** @param keep is given the name in lower case */
function filterFields(raw: RawHeaders, keep: (name: string, value: string) => boolean): string[] {
  const kept: string[] = [];
  for (const [name, value] of fields(raw)) {
    if (keep(name.toLowerCase(), value)) kept.push(name, value);
  }
  return kept;
}

function replaceValue(headers: string[], wanted: string, value: string): void {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === wanted) headers[index + 1] = value;
  }
}
