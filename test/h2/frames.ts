// SPDX-License-Identifier: Apache-2.0

/* HTTP/2 frames as bytes, RFC 9113 section 4: everything that can be written, right or wrong. */

/** RFC 9113 section 6. */
export const TYPE = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 };

/** RFC 9113 section 7. */
export const ERROR_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;
export type ErrorName = (typeof ERROR_NAMES)[number];

/** RFC 9113 section 6.5.2, RFC 8441 section 3. */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const HEADER_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame; `length` lies about the payload when it is given. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  length: number = payload.length,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = entries.map(([id, value]) => Buffer.concat([u32(id).subarray(2), u32(value)]));
  return frame(TYPE.settings, 0, 0, Buffer.concat(payload));
}

export const settingsAck = (): Buffer => frame(TYPE.settings, FLAG.ack, 0);

export const ping = (text: string = 'pingpong'): Buffer =>
  frame(TYPE.ping, 0, 0, Buffer.from(text, 'latin1'));

export const rstStream = (stream: number, code: number = 8): Buffer =>
  frame(TYPE.rstStream, 0, stream, u32(code));

export const windowUpdate = (stream: number, increment: number): Buffer =>
  frame(TYPE.windowUpdate, 0, stream, u32(increment));

export const goaway = (lastStream: number = 0, code: number = 0): Buffer =>
  frame(TYPE.goaway, 0, 0, u32(lastStream, code));

export const priority = (stream: number, dependsOn: number = 0, weight: number = 15): Buffer =>
  frame(TYPE.priority, 0, stream, Buffer.concat([u32(dependsOn), Buffer.from([weight])]));

export const headers = (
  stream: number,
  block: Uint8Array,
  flags: number = FLAG.endHeaders | FLAG.endStream,
): Buffer => frame(TYPE.headers, flags, stream, block);

export const continuation = (
  stream: number,
  block: Uint8Array,
  flags: number = FLAG.endHeaders,
): Buffer => frame(TYPE.continuation, flags, stream, block);

export const data = (
  stream: number,
  content: string | Uint8Array,
  flags: number = FLAG.endStream,
): Buffer =>
  frame(
    TYPE.data,
    flags,
    stream,
    typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
  );

/** Cuts what arrives into frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    while (this.rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) break;
      frames.push({
        type: this.rest.readUInt8(3),
        flags: this.rest.readUInt8(4),
        stream: this.rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.rest.subarray(HEADER_BYTES, end),
      });
      this.rest = this.rest.subarray(end);
    }
    return frames;
  }
}
