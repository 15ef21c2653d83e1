// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HOST } from '../wire-case.ts';

/** An answer as it came, read by the strictest rules. */
export interface WireAnswer {
  readonly status: number;
  /** By name in lower case, the last one of each. */
  readonly fields: Readonly<Record<string, string>>;
  /** As latin1. */
  readonly body: string;
}

/** How the bytes of a request are cut into pieces, each a TLS record of its own. */
export type Cut = 'whole' | 'lines' | 'bytes';

/** An answer that has not come by then will not come. */
const ANSWER_TIMEOUT_MS = 10_000;

/** A client that sends bytes and reads answers one after the other. */
export class WireClient {
  private readonly socket: Socket;
  private received = '';
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  /** Connects with TLS; certificates are not judged here. */
  static async open(port: number): Promise<WireClient> {
    const socket = connectTls({
      socket: connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }),
      servername: HOST,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    await once(socket, 'secureConnect');
    return new WireClient(socket);
  }

  /** Connects without TLS, past the proxy. */
  static async openPlain(port: number): Promise<WireClient> {
    const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    // A reset while bytes behind a refused request are being written.
    socket.on('error', () => undefined);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      this.failure = new Error(`no answer, received so far: ${JSON.stringify(this.received)}`);
      this.wake();
    });
  }

  /** Sends bytes; what the other side does not take any more is dropped. */
  async send(bytes: string, cut: Cut = 'whole'): Promise<void> {
    for (const piece of pieces(bytes, cut)) {
      if (this.socket.destroyed || !this.socket.writable) return;
      await new Promise<void>((resolve) => {
        this.socket.write(piece, 'latin1', () => resolve());
        if (this.socket.destroyed) resolve();
      });
    }
  }

  /** Ends the sending side. */
  end(): void {
    this.socket.end();
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
  }

  /**
   * The next final answer; interim ones are skipped.
   *
   * @param method of the request that it should answer
   * @returns `undefined` at the end of the connection
   * @throws Error when what came is no answer, or is cut off
   */
  async next(method: string): Promise<WireAnswer | undefined> {
    for (;;) {
      const answer = takeAnswer(this.received, method, this.ended);
      if (answer !== undefined) {
        this.received = answer.rest;
        if (answer.status >= 200) return answer;
        continue;
      }
      if (this.ended) {
        if (this.received === '') return undefined;
        throw new Error(`ended inside an answer: ${JSON.stringify(this.received)}`);
      }
      if (this.failure !== undefined) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function pieces(bytes: string, cut: Cut): readonly string[] {
  if (cut === 'whole') return [bytes];
  if (cut === 'bytes') return [...bytes];
  // Also between CR and LF.
  return bytes.match(/[^\r\n]+|\r|\n/g) ?? [];
}

function takeAnswer(
  bytes: string,
  method: string,
  ended: boolean,
): (WireAnswer & { rest: string }) | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [line = '', ...lines] = bytes.slice(0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(line)}`);
  const fields: Record<string, string> = {};
  for (const field of lines) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+): ?(.*)$/.exec(field) ?? [];
    if (name === '') throw new Error(`not a field: ${JSON.stringify(field)}`);
    fields[name.toLowerCase()] = value;
  }
  const after = bytes.slice(headEnd + 4);
  const content = takeContent(after, contentOf(method, status, fields), ended);
  return content === undefined ? undefined : { status, fields, ...content };
}

type Content = 'chunked' | 'until-end' | number;

function contentOf(
  method: string,
  status: number,
  fields: Readonly<Record<string, string>>,
): Content {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  const length = fields['content-length'];
  const encoding = fields['transfer-encoding'];
  if (encoding !== undefined && length !== undefined) throw new Error('length and encoding');
  if (encoding === 'chunked') return 'chunked';
  return length === undefined ? 'until-end' : Number(length);
}

function takeContent(
  bytes: string,
  content: Content,
  ended: boolean,
): { body: string; rest: string } | undefined {
  if (content === 'until-end') return ended ? { body: bytes, rest: '' } : undefined;
  if (content === 'chunked') return takeChunks(bytes);
  if (bytes.length < content) return undefined;
  return { body: bytes.slice(0, content), rest: bytes.slice(content) };
}

function takeChunks(bytes: string): { body: string; rest: string } | undefined {
  let body = '';
  let rest = bytes;
  for (;;) {
    const [line, digits = ''] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (line === undefined) {
      if (/^[0-9a-f]*\r?$/i.test(rest)) return undefined;
      throw new Error(`not a chunk: ${JSON.stringify(rest.slice(0, 40))}`);
    }
    const size = Number.parseInt(digits, 16);
    const after = rest.slice(line.length);
    if (size === 0) {
      const trailers = /^(?:[^\r\n]+\r\n)*\r\n/.exec(after)?.[0];
      return trailers === undefined ? undefined : { body, rest: after.slice(trailers.length) };
    }
    if (after.length < size + 2) return undefined;
    if (after.slice(size, size + 2) !== '\r\n') throw new Error('chunk without an end of line');
    body += after.slice(0, size);
    rest = after.slice(size + 2);
  }
}
