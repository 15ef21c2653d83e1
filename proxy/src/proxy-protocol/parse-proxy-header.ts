// SPDX-License-Identifier: Apache-2.0
import { SocketAddress } from 'node:net';
import type { HostPort } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import { plainAddress } from '../tls/plain-address.ts';
import { crc32c } from './crc32c.ts';
import {
  ADDRESS_BYTES,
  COMMAND,
  FIXED_BYTES,
  PORT_BYTES,
  SIGNATURE,
  TLV,
  TLV_HEADER_BYTES,
  TRANSPORT,
  VERSION_2,
  type Endpoints,
} from './header-format.ts';

/**
 * Most bytes of a header. Addresses take 36 and a client's certificate name at most 64; the rest is room for what clouds
 * add about their networks.
 */
export const MAX_PROXY_HEADER_BYTES = 4_096;

/**
 * How long the header is whose first bytes these are.
 *
 * @returns `undefined` until enough bytes are there to tell
 * @throws ProxyError ERR_PROXY_PROTOCOL as soon as they cannot become a header of version 2
 */
export function proxyHeaderLength(start: Buffer): number | undefined {
  const known = Math.min(start.length, SIGNATURE.length);
  if (!start.subarray(0, known).equals(SIGNATURE.subarray(0, known))) {
    throw refusal('connection does not begin with a header of version 2');
  }
  if (start.length < FIXED_BYTES) return undefined;
  const length = FIXED_BYTES + start.readUInt16BE(14);
  if (length > MAX_PROXY_HEADER_BYTES) {
    throw refusal('header is too large', {
      expected: `at most ${MAX_PROXY_HEADER_BYTES} bytes`,
      seen: `${length} bytes`,
    });
  }
  return length;
}

/**
 * Reads a complete header.
 *
 * @returns whose connection is passed on; `undefined` for one that whoever sends the header has made for itself
 * @throws ProxyError ERR_PROXY_PROTOCOL
 */
export function parseProxyHeader(header: Buffer): Endpoints | undefined {
  const command = header.readUInt8(12);
  // Section 2.2: what a connection of its own is said to be is to be ignored.
  if (command === (VERSION_2 | COMMAND.local)) return undefined;
  if (command !== (VERSION_2 | COMMAND.proxy)) {
    throw refusal(`version and command 0x${command.toString(16)} are not known`);
  }
  const transport = header.readUInt8(13);
  if (transport !== TRANSPORT.tcp4 && transport !== TRANSPORT.tcp6) {
    throw refusal(`family and transport 0x${transport.toString(16)} are not TCP`);
  }
  const size = transport === TRANSPORT.tcp4 ? ADDRESS_BYTES.ipv4 : ADDRESS_BYTES.ipv6;
  const ports = FIXED_BYTES + 2 * size;
  const end = ports + 2 * PORT_BYTES;
  if (header.length < end) throw refusal('addresses are cut off');
  checkExtras(header, end);
  const endpoint = (index: 0 | 1): HostPort => {
    const at = FIXED_BYTES + index * size;
    return {
      host: addressText(header.subarray(at, at + size)),
      port: header.readUInt16BE(ports + index * PORT_BYTES),
    };
  };
  return { source: endpoint(0), destination: endpoint(1) };
}

/** What follows the addresses has to fit; only the checksum says anything that has to be right. */
function checkExtras(header: Buffer, start: number): void {
  let checked = false;
  for (let at = start; at < header.length;) {
    if (header.length - at < TLV_HEADER_BYTES) throw refusal('an extra is cut off');
    const type = header.readUInt8(at);
    const value = at + TLV_HEADER_BYTES;
    at = value + header.readUInt16BE(value - 2);
    if (at > header.length) throw refusal('an extra is longer than the header');
    if (type !== TLV.crc32c) continue;
    if (checked) throw refusal('header has two checksums');
    checked = true;
    checkSum(header, value, at);
  }
}

/** Section 2.2.3: over the whole header, with zeros in the place of the checksum. */
function checkSum(header: Buffer, start: number, end: number): void {
  if (end - start !== 4) throw refusal(`checksum has ${end - start} bytes`);
  const covered = Buffer.from(header).fill(0, start, end);
  if (header.readUInt32BE(start) !== crc32c(covered)) throw refusal('checksum is wrong');
}

function addressText(bytes: Buffer): string {
  if (bytes.length === ADDRESS_BYTES.ipv4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index));
  const address = groups.map((group) => group.toString(16)).join(':');
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address);
}

function refusal(message: string, details: { expected?: string; seen?: string } = {}): ProxyError {
  return new ProxyError('ERR_PROXY_PROTOCOL', `PROXY protocol: ${message}`, details);
}
