// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';

/** What the front needs from a ClientHello before it chooses a certificate. */
export interface ClientHello {
  /** Host name of the server_name extension in lower case; absent when the client sent none. */
  readonly serverName: string | undefined;
}

const SERVER_NAME_EXTENSION = 0;
const HOST_NAME_TYPE = 0;
/** A DNS name in text form, RFC 1035 section 2.3.4 (255 octets on the wire, 253 characters written out). */
const MAX_HOST_NAME_CHARS = 253;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;
/** legacy_version, random: RFC 8446 section 4.1.2. */
const VERSION_AND_RANDOM_BYTES = 2 + 32;
const MAX_SESSION_ID_BYTES = 32;

/**
 * Reads the body of a ClientHello handshake message (RFC 8446 section 4.1.2) down to the host name. Lengths must fit
 * exactly; an extension that comes twice is refused.
 *
 * @param body the handshake message without its 4-byte header
 * @throws ProxyError ERR_PROXY_HELLO_MALFORMED, ERR_PROXY_HELLO_ILLEGAL
 */
export function parseClientHello(body: Uint8Array): ClientHello {
  const hello = new ByteCursor(body);
  hello.take(VERSION_AND_RANDOM_BYTES);
  const sessionId = hello.take(hello.u8());
  if (sessionId.length > MAX_SESSION_ID_BYTES) throw malformed('session id is too long');
  const suites = hello.take(hello.u16());
  if (suites.length < 2 || suites.length % 2 !== 0)
    throw malformed('cipher suites have an odd length');
  if (hello.take(hello.u8()).length === 0) throw malformed('no compression method');
  if (hello.atEnd()) return { serverName: undefined };
  const extensions = new ByteCursor(hello.take(hello.u16()));
  if (!hello.atEnd()) throw malformed('bytes after the extensions');
  return { serverName: findServerName(extensions) };
}

function findServerName(extensions: ByteCursor): string | undefined {
  const seen = new Set<number>();
  let serverName: string | undefined;
  while (!extensions.atEnd()) {
    const type = extensions.u16();
    const data = extensions.take(extensions.u16());
    // RFC 8446 section 4.2: there must not be more than one extension of the same type.
    if (seen.has(type)) throw illegal(`extension ${type} comes twice`);
    seen.add(type);
    if (type === SERVER_NAME_EXTENSION) serverName = parseServerName(data);
  }
  return serverName;
}

/** RFC 6066 section 3: a list of names, at most one of each type; only type host_name was ever defined. */
function parseServerName(data: Uint8Array): string {
  const outer = new ByteCursor(data);
  const list = new ByteCursor(outer.take(outer.u16()));
  if (!outer.atEnd()) throw malformed('bytes after the server name list');
  const type = list.u8();
  const name = list.take(list.u16());
  if (!list.atEnd()) throw illegal('more than one server name');
  if (type !== HOST_NAME_TYPE) throw illegal(`server name type ${type}`);
  const text = Buffer.from(name).toString('latin1').toLowerCase();
  if (text.length > MAX_HOST_NAME_CHARS || !HOST_NAME.test(text)) {
    throw illegal('server name is not a DNS name');
  }
  return text;
}

/** Reads big-endian integers and slices, and refuses to read past the end. */
class ByteCursor {
  private offset = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  atEnd(): boolean {
    return this.offset === this.bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.bytes.length) throw malformed('a length points past the end');
    const part = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }
}

function malformed(message: string): ProxyError {
  return new ProxyError('ERR_PROXY_HELLO_MALFORMED', `client hello: ${message}`);
}

function illegal(message: string): ProxyError {
  return new ProxyError('ERR_PROXY_HELLO_ILLEGAL', `client hello: ${message}`);
}
