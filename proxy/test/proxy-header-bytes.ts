// SPDX-License-Identifier: Apache-2.0
import { crc32c } from '../src/proxy-protocol/crc32c.ts';

/* Headers of the PROXY protocol, version 2, right or wrong. */

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** From 192.0.2.7:51234 to 198.51.100.1:443. */
export const FROM_V4: Buffer = Buffer.from('c0000207c6336401c82201bb', 'hex');

/** From [2001:db8::7]:51234 to [2001:db8:1::1]:443. */
export const FROM_V6: Buffer = Buffer.from(
  '20010db800000000000000000000000720010db8000100000000000000000001c82201bb',
  'hex',
);

/** A header; of version 2, for a connection that is passed on over TCP and IPv4, unless told otherwise. */
export function proxyHeader({
  command = 0x21,
  transport = 0x11,
  rest = Buffer.alloc(0),
}: {
  readonly command?: number;
  readonly transport?: number;
  readonly rest?: Buffer;
}): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(rest.length);
  return Buffer.concat([SIGNATURE, Buffer.from([command, transport]), length, rest]);
}

/** Something that follows the addresses. */
export function tlv(type: number, value: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([Buffer.from([type]), length, value]);
}

/** The same with a checksum at its end. */
export function withChecksum(rest: Buffer): Buffer {
  const header = proxyHeader({ rest: Buffer.concat([rest, tlv(3, Buffer.alloc(4))]) });
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}
