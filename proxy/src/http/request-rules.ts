// SPDX-License-Identifier: Apache-2.0
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { BodyFraming, RequestHead } from './client-stream.ts';
import { readFields, type MessageFields } from './message-fields.ts';

/** What a request is checked against. */
export interface RequestRules {
  /** The host that this connection was attested for, in lower case. */
  readonly hostname: string;
  readonly maxHeaderCount: number;
  readonly maxBodyBytes: number;
}

/** A request that can be forwarded, and how. */
export interface RequestPlan {
  readonly fields: MessageFields;
  /** The client waits for 100 Continue before it sends content. */
  readonly expectContinue: boolean;
  /** The protocol that the client wants to change to, in lower case. */
  readonly upgrade: string | undefined;
}

/** A path and query of visible ASCII; a fragment has no place in a request (RFC 9112 section 3.2). */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;
const HOST = /^([a-z0-9_.-]+?)\.?(?::[0-9]{0,5})?$/i;
/** One protocol of RFC 9110 section 7.8, with or without a version. */
const PROTOCOL = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:\/[a-z0-9!#$%&'*+.^_`|~-]+)?$/;
/** Changes that would take the connection out of our sight as HTTP, or encrypt what is encrypted already. */
const REFUSED_PROTOCOL = /^(?:h2c?|http|tls)(?:\/|$)/;
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Decides whether a request can be forwarded. Refuses whatever two servers could read in two ways; after a refusal the
 * connection must be closed, since what follows on it is of unknown meaning.
 *
 * @throws ProxyError ERR_PROXY_REQUEST_… with the code of the rule
 */
export function planRequest(head: RequestHead, rules: RequestRules): RequestPlan {
  if (head.rawHeaders.length / 2 > rules.maxHeaderCount) {
    throw refusal(
      'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE',
      `more than ${rules.maxHeaderCount} header fields`,
    );
  }
  checkTarget(head);
  const fields = head.fields ?? readFields(head.rawHeaders);
  checkHost(fields.host, rules.hostname);
  checkLength(head.body, rules.maxBodyBytes);
  return {
    fields,
    expectContinue: planExpectation(head, fields.expect) && head.body.kind !== 'none',
    upgrade: head.upgrade ? planUpgrade(head, fields) : undefined,
  };
}

/** @throws ProxyError ERR_PROXY_REQUEST_TARGET when a target is not one of this host */
export function checkTarget({ method, target }: Pick<RequestHead, 'method' | 'target'>): void {
  if (method === 'CONNECT') {
    throw refusal('ERR_PROXY_REQUEST_TARGET', 'CONNECT is for forward proxies');
  }
  // RFC 9112 section 3.2.4: asterisk-form is for OPTIONS alone.
  if (ORIGIN_FORM.test(target) || (target === '*' && method === 'OPTIONS')) return;
  throw refusal('ERR_PROXY_REQUEST_TARGET', 'request target is not a path', {
    expected: 'a path that starts with /',
  });
}

function checkHost(values: readonly string[], hostname: string): void {
  const [value] = values;
  // RFC 9112 section 3.2: none, more than one or an invalid one is a 400.
  if (value === undefined || values.length > 1) {
    throw refusal('ERR_PROXY_REQUEST_HOST', `${values.length} Host fields`, { expected: 'one' });
  }
  const name = HOST.exec(value)?.[1];
  if (name === undefined) throw refusal('ERR_PROXY_REQUEST_HOST', 'Host field is malformed');
  if (name.toLowerCase() !== hostname) {
    throw refusal('ERR_PROXY_REQUEST_MISDIRECTED', 'Host is not the name of this connection', {
      expected: hostname,
      seen: name,
      hint: 'open a connection for that host',
    });
  }
}

function checkLength(body: BodyFraming, maxBodyBytes: number): void {
  if (body.kind !== 'length' || body.bytes <= maxBodyBytes) return;
  throw refusal('ERR_PROXY_REQUEST_BODY_TOO_LARGE', 'request content is too large', {
    expected: `at most ${maxBodyBytes} bytes`,
    seen: `${body.bytes} bytes`,
  });
}

/** RFC 9110 section 10.1.1; an HTTP/1.0 client cannot mean it. */
function planExpectation({ httpVersion }: RequestHead, values: readonly string[]): boolean {
  if (values.length === 0 || httpVersion === '1.0') return false;
  if (values.length === 1 && values[0]?.toLowerCase() === '100-continue') return true;
  throw refusal('ERR_PROXY_REQUEST_EXPECTATION', 'expectation is not known', {
    expected: '100-continue',
  });
}

function planUpgrade(head: RequestHead, fields: MessageFields): string {
  const [protocol, ...more] = fields.upgrade.map((value) => value.toLowerCase());
  if (protocol === undefined || more.length > 0 || !PROTOCOL.test(protocol)) {
    throw upgrade('not exactly one protocol');
  }
  if (REFUSED_PROTOCOL.test(protocol)) throw upgrade(`to ${protocol}`);
  if (head.method !== 'GET') throw upgrade(`with ${head.method}`);
  if (hasContent(head.body)) throw upgrade('with content');
  if (protocol === 'websocket') checkWebSocketKey(fields.webSocketKey);
  return protocol;
}

/** RFC 6455 section 4.2.1: one key of 16 bytes in base64. */
function checkWebSocketKey([key, ...more]: readonly string[]): void {
  if (key === undefined || more.length > 0 || !WEBSOCKET_KEY.test(key)) {
    throw upgrade('without a valid Sec-WebSocket-Key');
  }
}

/** Whether any content follows the head. */
export function hasContent(body: BodyFraming): boolean {
  return body.kind === 'chunked' || (body.kind === 'length' && body.bytes > 0);
}

function upgrade(what: string): ProxyError {
  return refusal('ERR_PROXY_REQUEST_UPGRADE', `upgrade ${what}`);
}

function refusal(
  code: ProxyErrorCode,
  message: string,
  details?: { expected?: string; seen?: string; hint?: string },
): ProxyError {
  return new ProxyError(code, message, details);
}
