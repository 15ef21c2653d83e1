// SPDX-License-Identifier: Apache-2.0
import { isIPv4 } from 'node:net';
import { crc32c } from './crc32c.ts';
import {
  ADDRESS_BYTES,
  COMMAND,
  FIXED_BYTES,
  PORT_BYTES,
  SIGNATURE,
  SSL_TLV,
  TLV,
  TLV_HEADER_BYTES,
  TRANSPORT,
  VERSION_2,
  type Endpoints,
} from './header-format.ts';

/** The TLS connection that bytes are taken from. */
export interface TlsFacts {
  /** Name that the client asked for. */
  readonly serverName: string;
  /** Protocol that was agreed on, if any was. */
  readonly alpn: string | undefined;
  /** As OpenSSL writes it, such as `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
}

/** Section 2.2.5: the client has connected over TLS. That it has shown a certificate is said by other bits. */
const CLIENT_SSL = 0x01;

/** Section 2.2.5: anything but zero says that no certificate of the client was verified. */
const NOT_VERIFIED = 1;

/** Tells an upstream, with the first bytes of a connection, whose connection it is. */
export function encodeProxyHeader(endpoints: Endpoints, tls: TlsFacts): Buffer {
  const { transport, addresses } = encodeAddresses(endpoints);
  const rest = Buffer.concat([
    addresses,
    ...(tls.alpn === undefined ? [] : [tlv(TLV.alpn, latin1(tls.alpn))]),
    tlv(TLV.authority, latin1(tls.serverName)),
    tlv(TLV.ssl, sslFacts(tls)),
    tlv(TLV.crc32c, Buffer.alloc(4)),
  ]);
  const header = Buffer.concat([SIGNATURE, Buffer.alloc(FIXED_BYTES - SIGNATURE.length), rest]);
  header.writeUInt8(VERSION_2 | COMMAND.proxy, 12);
  header.writeUInt8(transport, 13);
  header.writeUInt16BE(rest.length, 14);
  // Section 2.2.3: computed with zeros in its own place.
  header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}

/** Both of one family: an IPv4 address beside an IPv6 one is written as ::ffff:a.b.c.d. */
function encodeAddresses({ source, destination }: Endpoints): {
  readonly transport: number;
  readonly addresses: Buffer;
} {
  const ends = [source, destination];
  const allIpv4 = ends.every(({ host }) => isIPv4(host));
  const ports = Buffer.alloc(2 * PORT_BYTES);
  ends.forEach(({ port }, index) => ports.writeUInt16BE(port, index * PORT_BYTES));
  return {
    transport: allIpv4 ? TRANSPORT.tcp4 : TRANSPORT.tcp6,
    addresses: Buffer.concat([
      ...ends.map(({ host }) => (allIpv4 ? ipv4Bytes(host) : ipv6Bytes(host))),
      ports,
    ]),
  };
}

function ipv4Bytes(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}

/** RFC 4291 section 2.2, all three forms. */
function ipv6Bytes(host: string): Buffer {
  // A zone names an interface of this machine.
  const [address = ''] = (isIPv4(host) ? `::ffff:${host}` : host).split('%');
  const [head = '', tail] = address.split('::');
  const first = groupBytes(head);
  const last = groupBytes(tail ?? '');
  const gap = ADDRESS_BYTES.ipv6 - first.length - last.length;
  return Buffer.concat([first, Buffer.alloc(gap), last]);
}

function groupBytes(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  return Buffer.concat(
    text.split(':').map((group) => {
      if (isIPv4(group)) return ipv4Bytes(group);
      const bytes = Buffer.alloc(2);
      bytes.writeUInt16BE(Number.parseInt(group, 16));
      return bytes;
    }),
  );
}

function sslFacts({ version, cipher }: TlsFacts): Buffer {
  const flags = Buffer.alloc(5);
  flags.writeUInt8(CLIENT_SSL);
  flags.writeUInt32BE(NOT_VERIFIED, 1);
  const facts = [tlv(SSL_TLV.version, latin1(version)), tlv(SSL_TLV.cipher, latin1(cipher))];
  return Buffer.concat([flags, ...facts]);
}

function tlv(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(TLV_HEADER_BYTES);
  header.writeUInt8(type);
  header.writeUInt16BE(value.length, 1);
  return Buffer.concat([header, value]);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
