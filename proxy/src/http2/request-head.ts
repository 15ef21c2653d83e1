// SPDX-License-Identifier: Apache-2.0
import { METHODS } from 'node:http';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { BodyFraming, RequestHead } from '../http/client-stream.ts';
import { isConnectionSpecific } from './connection-fields.ts';
import { upgradeFields } from './websocket-fields.ts';

/*
 * The head of an HTTP/2 request as the head of the HTTP/1.1 request that means the same, RFC 9113 section 8. What is
 * malformed in itself nghttp2 resets before it comes here; most of that is checked once more, since here it would turn
 * into bytes of a protocol in which it means something.
 */

/** A head, and why it must not be forwarded; the head is as far as it could be read then. */
export interface ReadHead {
  readonly head: RequestHead;
  readonly refusal: ProxyError | undefined;
}

/** RFC 9113 section 8.3.1, RFC 8441 section 4. */
const PSEUDO_FIELDS: ReadonlySet<string> = new Set([
  ':method',
  ':scheme',
  ':authority',
  ':path',
  ':protocol',
]);

/** What HTTP/1.1 takes for methods; others would be refused there by every parser in its own way. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Characters that end a line or a text in HTTP/1.1. */
const LINE_BREAKS = /[\0\r\n]/;

/** 15 digits are below 2^53: every such number is exact. */
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** The name of a host without case and without the port that https has anyway. */
function sameHost(one: string, other: string): boolean {
  return withoutPort(one) === withoutPort(other);
}

function withoutPort(authority: string): string {
  return authority.toLowerCase().replace(/:443$/, '');
}

/**
 * Reads the fields of an HTTP/2 request.
 *
 * @param raw name and value by turns, pseudo-header fields among them
 * @param ended nothing follows the head
 * @param maxBytes of names and values
 * @param newKey a new Sec-WebSocket-Key
 */
export function readRequestHead(
  raw: readonly string[],
  ended: boolean,
  maxBytes: number,
  newKey: () => string,
): ReadHead {
  const reader = new HeadReader();
  try {
    reader.read(raw, maxBytes);
    return { head: reader.finish(ended, newKey), refusal: undefined };
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    return { head: reader.unfinished(), refusal: error };
  }
}

class HeadReader {
  private readonly pseudo = new Map<string, string>();
  private readonly fields: string[] = [];
  private host: string | undefined;
  private length: string | undefined;
  private cookie: string | undefined;

  /** @throws ProxyError */
  read(raw: readonly string[], maxBytes: number): void {
    let left = maxBytes;
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] ?? '';
      const value = raw[index + 1] ?? '';
      left -= name.length + value.length;
      if (LINE_BREAKS.test(value)) throw malformed('a value with a line break');
      if (name.startsWith(':')) this.readPseudo(name, value, index);
      else this.readField(name, value);
    }
    if (left < 0) {
      throw refusal('ERR_PROXY_REQUEST_HEADERS_TOO_LARGE', 'head is too large', {
        expected: `at most ${maxBytes} bytes`,
      });
    }
  }

  /** @throws ProxyError */
  finish(ended: boolean, newKey: () => string): RequestHead {
    const method = this.method();
    const protocol = this.pseudo.get(':protocol');
    this.checkScheme();
    const upgrade = protocol !== undefined;
    const body = this.framing(ended || upgrade);
    const fields = upgrade ? upgradeFields(protocol, this.fields, newKey()) : this.fields;
    const rawHeaders = ['Host', this.authority(), ...fields];
    if (this.cookie !== undefined) rawHeaders.push('Cookie', this.cookie);
    return { ...this.line(upgrade ? 'GET' : method), rawHeaders, body, upgrade };
  }

  /** For the log. */
  unfinished(): RequestHead {
    const line = this.line(this.pseudo.get(':method') ?? '');
    return { ...line, rawHeaders: [], body: { kind: 'chunked' }, upgrade: false };
  }

  private line(method: string): Pick<RequestHead, 'method' | 'target' | 'httpVersion'> {
    return { method, target: this.pseudo.get(':path') ?? '', httpVersion: '2.0' };
  }

  private readPseudo(name: string, value: string, index: number): void {
    // RFC 9113 section 8.3: each once, before all others, and none but these.
    if (!PSEUDO_FIELDS.has(name) || this.pseudo.has(name) || index !== this.pseudo.size * 2) {
      throw malformed(`pseudo-header field ${name} out of place`);
    }
    this.pseudo.set(name, value);
  }

  private readField(name: string, value: string): void {
    // Its upper-case letters are as wrong as its separators, RFC 9113 section 8.2.1.
    if (!TOKEN.test(name)) throw malformed('a name that is not a token in lower case');
    if (isConnectionSpecific(name, value)) throw malformed(`field ${name} in HTTP/2`);
    switch (name) {
      case 'host':
        if (this.host !== undefined) throw refusal('ERR_PROXY_REQUEST_HOST', 'two Host fields');
        this.host = value;
        break;
      case 'cookie':
        // RFC 9113 section 8.2.3: parts of one field.
        this.cookie = this.cookie === undefined ? value : `${this.cookie}; ${value}`;
        break;
      case 'content-length':
        if (this.length !== undefined) throw framing('more than one Content-Length');
        if (!CONTENT_LENGTH.test(value)) throw framing('Content-Length is not a number');
        this.length = value;
        this.fields.push(name, value);
        break;
      default:
        this.fields.push(name, value);
    }
  }

  private method(): string {
    const method = this.pseudo.get(':method') ?? '';
    if (!KNOWN_METHODS.has(method)) throw malformed('method is not known');
    if ((method === 'CONNECT') !== this.pseudo.has(':protocol')) {
      throw refusal('ERR_PROXY_REQUEST_TARGET', 'CONNECT is for forward proxies');
    }
    return method;
  }

  /** RFC 9113 section 8.3.1: a scheme other than the connection's is a request for something else. */
  private checkScheme(): void {
    const scheme = this.pseudo.get(':scheme');
    if (scheme === 'https') return;
    throw refusal('ERR_PROXY_REQUEST_TARGET', 'scheme is not that of the connection', {
      expected: 'https',
      seen: scheme,
    });
  }

  /** RFC 9113 section 8.3.1: the authority counts, and a Host beside it has to say the same. */
  private authority(): string {
    const authority = this.pseudo.get(':authority') ?? this.host;
    if (authority === undefined) {
      throw refusal('ERR_PROXY_REQUEST_HOST', 'neither :authority nor Host');
    }
    if (this.host !== undefined && !sameHost(this.host, authority)) {
      throw refusal('ERR_PROXY_REQUEST_HOST', 'Host and :authority differ', {
        expected: authority,
        seen: this.host,
      });
    }
    return authority;
  }

  private framing(ended: boolean): BodyFraming {
    const { length } = this;
    if (length === undefined) return { kind: ended ? 'none' : 'chunked' };
    // RFC 9113 section 8.1.1.
    if (ended && Number(length) > 0) throw framing('Content-Length without content');
    return { kind: 'length', bytes: Number(length) };
  }
}

function malformed(what: string): ProxyError {
  return refusal('ERR_PROXY_REQUEST_MALFORMED', what);
}

function framing(what: string): ProxyError {
  return refusal('ERR_PROXY_REQUEST_FRAMING', what);
}

function refusal(
  code: ProxyErrorCode,
  message: string,
  details?: { expected?: string; seen?: string | undefined },
): ProxyError {
  return new ProxyError(code, message, details);
}
