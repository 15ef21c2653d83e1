// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import { type ClientHello, parseClientHello } from './client-hello.ts';
import { GrowingBytes } from './growing-bytes.ts';

/**
 * Most bytes that may arrive before the ClientHello is complete. Post-quantum key shares make hellos of about 2 KiB;
 * the rest is room for extensions nobody has defined yet.
 */
export const MAX_CLIENT_HELLO_BYTES = 16_384;

/** Largest plain-text fragment of a record, RFC 8446 section 5.1. */
const MAX_FRAGMENT_BYTES = 16_384;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
/** Most hellos fit; the others make the storage grow. */
const TYPICAL_HELLO_BYTES = 2048;

/**
 * Collects the first bytes of a connection until they hold a whole ClientHello. The message may be spread over any
 * number of records and segments (RFC 8446 section 5.1). Work is linear in the number of bytes.
 */
export class ClientHelloReader {
  /** Everything that was pushed, in order: what the TLS engine has to be given afterwards. */
  private readonly received = new GrowingBytes(TYPICAL_HELLO_BYTES);
  /** Handshake bytes, with the record headers taken out. */
  private readonly message = new GrowingBytes(TYPICAL_HELLO_BYTES);
  /** Where the next record header starts in `received`. */
  private recordStart = 0;

  /**
   * Takes the next bytes.
   *
   * @returns the hello as soon as it is complete
   * @throws ProxyError ERR_PROXY_HELLO_TOO_LARGE, ERR_PROXY_HELLO_MALFORMED, ERR_PROXY_HELLO_ILLEGAL
   */
  push(chunk: Uint8Array): ClientHello | undefined {
    this.received.append(chunk);
    this.takeCompleteRecords();
    const hello = this.tryParse();
    if (hello === undefined && this.received.length > MAX_CLIENT_HELLO_BYTES) throw tooLarge();
    return hello;
  }

  /** All bytes pushed so far, to be put back on the socket for the TLS engine. */
  bytes(): Buffer {
    return this.received.view();
  }

  private takeCompleteRecords(): void {
    while (!this.messageComplete()) {
      const header = this.received.view(this.recordStart, this.recordStart + RECORD_HEADER_BYTES);
      checkRecordHeader(header);
      if (header.length < RECORD_HEADER_BYTES) return;
      const length = header.readUInt16BE(3);
      const start = this.recordStart + RECORD_HEADER_BYTES;
      if (this.received.length < start + length) return;
      this.message.append(this.received.view(start, start + length));
      this.recordStart = start + length;
      this.checkMessageHeader();
    }
  }

  private checkMessageHeader(): void {
    const type = this.message.view()[0];
    if (type !== CLIENT_HELLO) {
      throw new ProxyError(
        'ERR_PROXY_HELLO_MALFORMED',
        'first handshake message is not a ClientHello',
        {
          expected: `type ${CLIENT_HELLO}`,
          seen: `type ${type ?? 'none'}`,
        },
      );
    }
    const expected = this.expectedMessageBytes();
    if (expected !== undefined && expected > MAX_CLIENT_HELLO_BYTES) throw tooLarge();
  }

  private expectedMessageBytes(): number | undefined {
    if (this.message.length < HANDSHAKE_HEADER_BYTES) return undefined;
    return HANDSHAKE_HEADER_BYTES + this.message.view().readUIntBE(1, 3);
  }

  private messageComplete(): boolean {
    const expected = this.expectedMessageBytes();
    return expected !== undefined && this.message.length >= expected;
  }

  private tryParse(): ClientHello | undefined {
    const expected = this.expectedMessageBytes();
    if (expected === undefined || this.message.length < expected) return undefined;
    return parseClientHello(this.message.view(HANDSHAKE_HEADER_BYTES, expected));
  }
}

/** Refuses a wrong record as early as its bytes show it, so that other protocols are turned away at the first byte. */
function checkRecordHeader(header: Buffer): void {
  const [type, major] = header;
  if (type !== undefined && type !== HANDSHAKE_RECORD) {
    throw new ProxyError('ERR_PROXY_HELLO_MALFORMED', 'first record is not a TLS handshake', {
      expected: `record type ${HANDSHAKE_RECORD}`,
      seen: `record type ${type}`,
    });
  }
  if (major !== undefined && major !== 3) {
    throw new ProxyError('ERR_PROXY_HELLO_MALFORMED', `record version ${major}.x is not TLS`);
  }
  if (header.length < RECORD_HEADER_BYTES) return;
  const length = header.readUInt16BE(3);
  // RFC 8446 section 5.1: no empty handshake fragments, at most 2^14 bytes.
  if (length === 0 || length > MAX_FRAGMENT_BYTES) {
    throw new ProxyError('ERR_PROXY_HELLO_MALFORMED', `handshake record of ${length} bytes`);
  }
}

function tooLarge(): ProxyError {
  return new ProxyError('ERR_PROXY_HELLO_TOO_LARGE', 'client hello is too large', {
    expected: `at most ${MAX_CLIENT_HELLO_BYTES} bytes`,
  });
}
