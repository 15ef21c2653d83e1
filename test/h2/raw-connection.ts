// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import {
  ERROR_NAMES,
  FLAG,
  FrameReader,
  ping,
  PREFACE,
  settings,
  settingsAck,
  TYPE,
  type ErrorName,
  type Frame,
} from './frames.ts';
import { HpackDecoder, type Field } from './hpack.ts';

/** How long anything may take; only a test that fails waits that long. */
const PATIENCE_MS = 5_000;

/** An answer, or as much of one as came before the stream was reset. */
export interface RawAnswer {
  readonly status: number | undefined;
  /** Heads before the final one. */
  readonly interim: readonly (readonly Field[])[];
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
  readonly reset: ErrorName | undefined;
}

/** A client that writes frames as it is told and understands what comes back. */
export class RawConnection {
  readonly socket: TLSSocket;
  /** All frames so far. */
  readonly frames: Frame[] = [];
  closed = false;
  private readonly reader = new FrameReader();
  private readonly decoder = new HpackDecoder();
  private readonly decoded = new Map<Frame, Field[]>();
  private readonly waiting = new Set<() => void>();
  private pings = 0;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** Finishes the TLS handshake and sends nothing. */
  static async connect(port: number, servername: string): Promise<RawConnection> {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    await once(socket, 'secureConnect');
    if (socket.alpnProtocol !== 'h2') throw new Error(`ALPN is ${String(socket.alpnProtocol)}`);
    return new RawConnection(socket);
  }

  /** The same, and exchanges settings. */
  static async open(
    port: number,
    servername: string,
    own: Buffer = settings(),
  ): Promise<RawConnection> {
    const connection = await RawConnection.connect(port, servername);
    connection.send(PREFACE, own);
    await connection.frame(isSettings, 'settings');
    connection.send(settingsAck());
    await connection.frame(isSettingsAck, 'acknowledgement of our settings');
    return connection;
  }

  send(...bytes: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The first frame that matches, whether it has arrived already or not. */
  async frame(matches: (frame: Frame) => boolean, what: string): Promise<Frame> {
    const found = await this.until(() => this.frames.find(matches), what);
    if (found === undefined) throw new Error(`closed without ${what}: ${this.describe()}`);
    return found;
  }

  /** The answer on a stream; complete, reset, or as it stood when the connection was closed. */
  async answer(stream: number): Promise<RawAnswer> {
    const ended = (): true | undefined => (this.frames.some(endsIt) ? true : undefined);
    const endsIt = (frame: Frame): boolean =>
      (frame.stream === stream && endsStream(frame)) ||
      (frame.type === TYPE.goaway && codeOf(frame) > 0);
    await this.until(ended, `the answer on stream ${String(stream)}`);
    return this.answerSoFar(stream);
  }

  /** The error with which the connection is ended, or `undefined` when it is closed without one. */
  async connectionError(): Promise<ErrorName | undefined> {
    const found = await this.until(
      () => this.frames.find((frame) => frame.type === TYPE.goaway && codeOf(frame) > 0),
      'the end of the connection',
    );
    return found === undefined ? undefined : nameOf(codeOf(found));
  }

  /** Whether the peer still reads frames: it answers a ping. */
  async alive(): Promise<boolean> {
    this.pings += 1;
    const payload = `alive${String(this.pings).padStart(3, '0')}`;
    this.send(ping(payload));
    const found = await this.until(
      () =>
        this.frames.find(
          (frame) => frame.type === TYPE.ping && frame.payload.toString('latin1') === payload,
        ),
      'an answer to a ping',
    );
    return found !== undefined;
  }

  close(): void {
    this.socket.destroy();
  }

  private answerSoFar(stream: number): RawAnswer {
    const own = this.frames.filter((frame) => frame.stream === stream);
    const heads = own.flatMap((frame) => this.decoded.get(frame) ?? []);
    const sections = [...own.map((frame) => this.decoded.get(frame))].filter(
      (section) => section !== undefined,
    );
    const interim = sections.filter((section) => (statusOf(section) ?? 200) < 200);
    const final = sections.find((section) => (statusOf(section) ?? 0) >= 200);
    const reset = own.find(({ type }) => type === TYPE.rstStream);
    return {
      status: final === undefined ? undefined : statusOf(final),
      interim,
      fields: final ?? [],
      body: own
        .filter(({ type }) => type === TYPE.data)
        .map(({ payload }) => payload.toString('latin1'))
        .join(''),
      trailers: heads.length > 0 ? (sections.find((section) => !hasStatus(section)) ?? []) : [],
      reset: reset === undefined ? undefined : nameOf(reset.payload.readUInt32BE(0)),
    };
  }

  private onData(chunk: Buffer): void {
    for (const frame of this.reader.push(chunk)) {
      // Header blocks change the decoder's table, so they are read in order; ours fit into one frame.
      if (frame.type === TYPE.headers) this.decoded.set(frame, this.decoder.decode(frame.payload));
      this.frames.push(frame);
    }
    this.wake();
  }

  private wake(): void {
    for (const check of this.waiting) check();
  }

  /** @returns `undefined` when the connection closed before */
  private until<T>(find: () => T | undefined, what: string): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
        act();
      };
      const check = (): void => {
        const found = find();
        if (found !== undefined || this.closed) done(() => resolve(found));
      };
      const timer = setTimeout(() => {
        done(() => reject(new Error(`waited in vain for ${what}: ${this.describe()}`)));
      }, PATIENCE_MS);
      this.waiting.add(check);
      check();
    });
  }

  private describe(): string {
    return this.frames
      .map(
        ({ type, stream, flags }) => `type ${String(type)} on ${String(stream)} (${String(flags)})`,
      )
      .join(', ');
  }
}

export const isSettings = ({ type, flags }: Frame): boolean =>
  type === TYPE.settings && (flags & FLAG.ack) === 0;

export const isSettingsAck = ({ type, flags }: Frame): boolean =>
  type === TYPE.settings && (flags & FLAG.ack) !== 0;

function endsStream({ type, flags }: Frame): boolean {
  if (type === TYPE.rstStream) return true;
  return (type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0;
}

function hasStatus(section: readonly Field[]): boolean {
  return section.some(([name]) => name === ':status');
}

function statusOf(section: readonly Field[]): number | undefined {
  const status = section.find(([name]) => name === ':status')?.[1];
  return status === undefined ? undefined : Number(status);
}

/** Of a GOAWAY. */
function codeOf({ payload }: Frame): number {
  return payload.readUInt32BE(4);
}

function nameOf(code: number): ErrorName {
  const name = ERROR_NAMES[code];
  if (name === undefined) throw new Error(`error code ${String(code)}`);
  return name;
}
