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
const IDENTITY_PREFIXES = [
  'x-proofgate-peer',
  'x-privasys-attestation',
  'x-privasys-peer',
] as const;

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

/** Fields whose values decide something, by the name under which their values are collected. */
const ROLES = {
  connection: 'connection',
  'content-length': 'contentLength',
  expect: 'expect',
  host: 'host',
  'sec-websocket-accept': 'webSocketAccept',
  'sec-websocket-key': 'webSocketKey',
  te: 'te',
  traceparent: 'traceparent',
  trailer: 'trailer',
  'transfer-encoding': 'transferEncoding',
  upgrade: 'upgrade',
} as const;

/** A field whose value decides something. */
export type FieldRole = (typeof ROLES)[keyof typeof ROLES];

/** What is to be known about a field by its name. */
export interface FieldTraits {
  /** The name in lower case. */
  readonly name: string;
  readonly role: FieldRole | undefined;
  /** Whether it may pass in a request, in a response, in a trailer section, as far as the name tells. */
  readonly inRequest: boolean;
  readonly inResponse: boolean;
  readonly inTrailers: boolean;
}

/** Names repeat from message to message. The bound is for those who make up new ones. */
const MAX_KNOWN_NAMES = 2_048;
const MAX_KNOWN_NAME_LENGTH = 64;
const known = new Map<string, FieldTraits>();

/** What there is to know about a field. @param name in any case */
export function traitsOf(name: string): FieldTraits {
  const found = known.get(name);
  if (found !== undefined) return found;
  const traits = judge(name.toLowerCase());
  if (known.size < MAX_KNOWN_NAMES && name.length <= MAX_KNOWN_NAME_LENGTH) {
    // A copy, since a slice would keep the whole head in memory.
    known.set(Buffer.from(name, 'latin1').toString('latin1'), traits);
  }
  return traits;
}

function judge(name: string): FieldTraits {
  const identity = isIdentityField(name);
  const reserved = identity || isReserved(name);
  return {
    name,
    role: Object.entries(ROLES).find(([known]) => known === name)?.[1],
    inRequest: !reserved,
    inResponse: !identity && !HOP_BY_HOP_FIELDS.has(name),
    inTrailers: !reserved && !FRAMING_FIELDS.has(name) && !NOT_IN_TRAILERS.has(name),
  };
}

/**
 * The fields of a request as the upstream gets them, without Connection and Upgrade.
 *
 * @param connection what Connection lists
 */
export function upstreamRequestHeaders(
  raw: RawHeaders,
  connection: readonly string[],
  facts: ForwardedFacts,
  framing: OutgoingFraming & { readonly expectContinue: boolean },
): string[] {
  const headers: string[] = [];
  const nominated = nominatedBy(connection);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const traits = traitsOf(name);
    if (!traits.inRequest || nominated?.has(traits.name) === true) continue;
    const role = traits.role;
    if (role === undefined) headers.push(name, value);
    else if (role === 'te') pushTe(name, value, headers);
    else if (role === 'expect' ? framing.expectContinue : role !== 'trailer' || framing.chunked) {
      headers.push(name, value);
    }
  }
  headers.push('X-Forwarded-For', facts.peerAddress, 'X-Forwarded-Proto', 'https');
  headers.push('X-Forwarded-Host', facts.hostname);
  return headers;
}

/**
 * The fields of a response as the client gets them, without Connection and Upgrade.
 *
 * @param connection what Connection lists
 */
export function clientResponseHeaders(
  raw: RawHeaders,
  connection: readonly string[],
  framing: OutgoingFraming & { readonly contentLength: boolean },
): string[] {
  const headers: string[] = [];
  const nominated = nominatedBy(connection);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const traits = traitsOf(name);
    if (!traits.inResponse || nominated?.has(traits.name) === true) continue;
    if (traits.role === 'contentLength' && !framing.contentLength) continue;
    const ofChunks = traits.role === 'trailer' || traits.role === 'transferEncoding';
    if (ofChunks && !framing.chunked) continue;
    headers.push(name, raw[index + 1] ?? '');
  }
  return headers;
}

/** Fields with others in the place of those that have the same names. */
export function replaceFields(raw: RawHeaders, others: RawHeaders): string[] {
  const replaced = new Set<string>();
  for (const [name] of fields(others)) replaced.add(traitsOf(name).name);
  const headers: string[] = [];
  for (const [name, value] of fields(raw)) {
    if (!replaced.has(traitsOf(name).name)) headers.push(name, value);
  }
  return [...headers, ...others];
}

/** The trailer section as the other side gets it. */
export function forwardedTrailers(raw: RawHeaders): string[] {
  const trailers: string[] = [];
  for (const [name, value] of fields(raw)) {
    if (traitsOf(name).inTrailers) trailers.push(name, value);
  }
  return trailers;
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
  if (FORWARDING_FIELDS.has(folded) || HOP_BY_HOP_FIELDS.has(folded)) return true;
  return FRAMING_FIELDS.has(folded) && folded !== name;
}

/** A field name as servers read it that make variables of names. */
export function foldedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** RFC 9110 section 10.1.4: transfer codings are between neighbours, but trailers pass. */
function pushTe(name: string, value: string, headers: string[]): void {
  if (listMembers(value).includes('trailers')) headers.push(name, 'trailers');
}

/** What Connection lists, less what it has no say over. */
function nominatedBy(connection: readonly string[]): ReadonlySet<string> | undefined {
  if (connection.length === 0) return undefined;
  return new Set(connection.filter((name) => !FRAMING_FIELDS.has(name)));
}
