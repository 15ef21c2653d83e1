// SPDX-License-Identifier: Apache-2.0

/** What a made-up ClientHello consists of. */
export interface HelloParts {
  readonly serverName?: string;
  readonly suites?: readonly number[];
  /** `undefined` leaves the whole block out. */
  readonly extensions?: readonly (readonly [type: number, data: Uint8Array])[] | undefined;
  readonly sessionIdBytes?: number;
  readonly trailing?: Uint8Array;
}

/** A ClientHello handshake message, written independently of the parser. */
export function clientHello(parts: HelloParts): Buffer {
  const suites = parts.suites ?? [0x1301];
  const withBlock = !('extensions' in parts) || parts.extensions !== undefined;
  const extensions = [...(parts.extensions ?? [])];
  if (parts.serverName !== undefined) extensions.unshift([0, nameList(parts.serverName)]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(parts.sessionIdBytes ?? 0)),
    vector(2, Buffer.concat(suites.map((suite) => u16(suite)))),
    vector(1, Buffer.from([0])),
    ...(withBlock
      ? [
          vector(
            2,
            Buffer.concat(
              extensions.map(([type, data]) => Buffer.concat([u16(type), vector(2, data)])),
            ),
          ),
        ]
      : []),
    parts.trailing ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** Puts handshake bytes into records of at most `size` bytes. */
export function handshakeRecords(message: Uint8Array, size = 16_384): Buffer {
  const records: Buffer[] = [];
  for (let offset = 0; offset < message.length; offset += size) {
    const part = message.subarray(offset, offset + size);
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), vector(2, part)]));
  }
  return Buffer.concat(records);
}

function nameList(name: string): Buffer {
  return vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))]));
}

function vector(lengthBytes: number, content: Uint8Array): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
