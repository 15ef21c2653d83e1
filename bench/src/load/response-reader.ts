// SPDX-License-Identifier: Apache-2.0

/** Heads of benchmarked servers are some hundred bytes. */
const MAX_HEAD_BYTES = 64 * 1024;

/** One complete HTTP/1.1 response. */
export interface HttpResponse {
  readonly status: number;
  readonly body: Buffer;
  /** The server ends the connection after it. */
  readonly close: boolean;
}

/**
 * Reads the responses of one connection, strictly and without any feature that a benchmark does not need: a response has
 * `content-length` or `transfer-encoding: chunked`; anything else is an error, as are bytes that nobody asked for.
 */
export class ResponseReader {
  #chunks: Buffer[] = [];
  #received = 0;
  /** No response can be complete before this many bytes have arrived. */
  #wanted = 0;

  /**
   * @param chunk Bytes as they arrive.
   * @returns The response when it is complete, else undefined.
   * @throws Error when the bytes are no such response.
   */
  push(chunk: Buffer): HttpResponse | undefined {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received < this.#wanted) return undefined;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    const headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd === -1) {
      if (bytes.length > MAX_HEAD_BYTES) throw new Error('response head is too long');
      return undefined;
    }
    const head = readHead(bytes.toString('latin1', 0, headEnd + 2));
    const rest = bytes.subarray(headEnd + 4);
    this.#wanted = headEnd + 4 + (head.length ?? 0);
    const body = head.length === undefined ? readChunks(rest) : readLength(rest, head.length);
    if (body === undefined) return undefined;
    this.#chunks = [];
    this.#received = 0;
    this.#wanted = 0;
    return { status: head.status, body, close: head.close };
  }

  /** Whether a response has begun that is not complete. */
  get isPartial(): boolean {
    return this.#received > 0;
  }
}

interface Head {
  readonly status: number;
  readonly close: boolean;
  /** Content length; undefined for chunked encoding. */
  readonly length: number | undefined;
}

function readHead(text: string): Head {
  const lower = text.toLowerCase();
  const status = /^http\/1\.1 (\d{3})[ \r]/.exec(lower)?.[1];
  if (status === undefined) throw new Error('response does not start with a status line');
  const length = /\r\ncontent-length: *(\d+) *\r\n/.exec(lower)?.[1];
  const chunked = /\r\ntransfer-encoding: *chunked *\r\n/.test(lower);
  if (chunked === (length !== undefined)) {
    throw new Error('response must have either content-length or chunked encoding');
  }
  return {
    status: Number(status),
    close: /\r\nconnection: *close *\r\n/.test(lower),
    length: length === undefined ? undefined : Number(length),
  };
}

function readLength(rest: Buffer, length: number): Buffer | undefined {
  if (rest.length > length) throw new Error('bytes after the response');
  return rest.length === length ? rest : undefined;
}

function readChunks(rest: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const line = rest.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new Error(`chunk size is not hex: ${line}`);
    const size = Number.parseInt(line, 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    if (rest.toString('latin1', next - 2, next) !== '\r\n')
      throw new Error('chunk does not end with CRLF');
    if (size === 0) {
      if (rest.length > next) throw new Error('bytes after the response');
      return Buffer.concat(parts);
    }
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
