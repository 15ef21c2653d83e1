// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { crc32c } from '../src/proxy-protocol/crc32c.ts';
import { encodeProxyHeader } from '../src/proxy-protocol/encode-proxy-header.ts';
import {
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  proxyHeaderLength,
} from '../src/proxy-protocol/parse-proxy-header.ts';
import { FROM_V4, FROM_V6, proxyHeader, tlv, withChecksum } from './proxy-header-bytes.ts';

const V4 = {
  source: { host: '192.0.2.7', port: 51_234 },
  destination: { host: '198.51.100.1', port: 443 },
};
const V6 = {
  source: { host: '2001:db8::7', port: 51_234 },
  destination: { host: '2001:db8:1::1', port: 443 },
};
const TLS = {
  serverName: 'db.example.com',
  alpn: 'postgresql',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
};
const REFUSED = { code: 'ERR_PROXY_PROTOCOL' };

describe('a header of the PROXY protocol', () => {
  it('says whose connection it is', () => {
    expect(parseProxyHeader(proxyHeader({ rest: FROM_V4 }))).toEqual(V4);
    expect(parseProxyHeader(proxyHeader({ transport: 0x21, rest: FROM_V6 }))).toEqual(V6);
  });

  it('names a client of IPv4 in the same way wherever it comes from', () => {
    const mapped = Buffer.from('00000000000000000000ffffc0000207', 'hex');
    const rest = Buffer.concat([mapped, mapped, Buffer.from([1, 2, 3, 4])]);
    expect(parseProxyHeader(proxyHeader({ transport: 0x21, rest }))?.source.host).toBe('192.0.2.7');
  });

  it('has extras that are passed over', () => {
    const rest = Buffer.concat([FROM_V4, tlv(0xea, Buffer.alloc(900)), tlv(4, Buffer.alloc(0))]);
    expect(parseProxyHeader(proxyHeader({ rest }))).toEqual(V4);
  });

  it('says nothing about a connection that its sender has made for itself', () => {
    expect(parseProxyHeader(proxyHeader({ command: 0x20, transport: 0 }))).toBeUndefined();
    expect(parseProxyHeader(proxyHeader({ command: 0x20, rest: FROM_V4 }))).toBeUndefined();
  });

  it('is checked where it can be', () => {
    const right = withChecksum(FROM_V4);
    expect(parseProxyHeader(right)).toEqual(V4);
    for (const at of [16, 20, right.length - 1]) {
      const wrong = Buffer.from(right);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 1, at);
      expect(() => parseProxyHeader(wrong)).toThrow(expect.objectContaining(REFUSED));
    }
    // RFC 3720 appendix B.4.
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it.each([
    ['another command', proxyHeader({ command: 0x22, rest: FROM_V4 })],
    ['another version', proxyHeader({ command: 0x11, rest: FROM_V4 })],
    ['no family', proxyHeader({ transport: 0, rest: FROM_V4 })],
    ['datagrams', proxyHeader({ transport: 0x12, rest: FROM_V4 })],
    ['unix sockets', proxyHeader({ transport: 0x31, rest: Buffer.alloc(216) })],
    ['addresses that are cut off', proxyHeader({ rest: FROM_V4.subarray(0, 11) })],
    ['an extra without a length', proxyHeader({ rest: Buffer.concat([FROM_V4, Buffer.alloc(2)]) })],
    [
      'an extra beyond the end',
      proxyHeader({ rest: Buffer.concat([FROM_V4, Buffer.from([1, 0, 2, 0])]) }),
    ],
    ['a short checksum', proxyHeader({ rest: Buffer.concat([FROM_V4, tlv(3, Buffer.alloc(3))]) })],
    ['two checksums', withChecksum(Buffer.concat([FROM_V4, tlv(3, Buffer.alloc(4))]))],
  ])('is refused with %s', (_what, header) => {
    expect(proxyHeaderLength(header)).toBe(header.length);
    expect(() => parseProxyHeader(header)).toThrow(expect.objectContaining(REFUSED));
  });

  it('is known by its first bytes, and bounded', () => {
    const header = proxyHeader({ rest: FROM_V4 });
    for (let length = 0; length < 16; length += 1) {
      expect(proxyHeaderLength(header.subarray(0, length))).toBeUndefined();
    }
    expect(() => proxyHeaderLength(Buffer.from('PROXY TCP4'))).toThrow(
      expect.objectContaining(REFUSED),
    );
    const large = proxyHeader({ rest: Buffer.alloc(MAX_PROXY_HEADER_BYTES - 16) });
    expect(proxyHeaderLength(large)).toBe(MAX_PROXY_HEADER_BYTES);
    const tooLarge = proxyHeader({ rest: Buffer.alloc(MAX_PROXY_HEADER_BYTES - 15) });
    expect(() => proxyHeaderLength(tooLarge)).toThrow(expect.objectContaining(REFUSED));
  });

  it.each([
    ['IPv4', V4, 0x11],
    ['IPv6', V6, 0x21],
    ['all of IPv6', { ...V6, source: { host: '1:2:3:4:5:6:7:8', port: 1 } }, 0x21],
    ['both', { source: V6.source, destination: V4.destination }, 0x21],
    ['an interface', { ...V6, source: { host: 'fe80::1%eth0', port: 1 } }, 0x21],
  ])('is written so that it reads the same: %s', (_what, endpoints, transport) => {
    const header = encodeProxyHeader(endpoints, TLS);
    expect(proxyHeaderLength(header)).toBe(header.length);
    expect(header.readUInt8(13)).toBe(transport);
    const { source, destination } = endpoints;
    const plain = { ...source, host: source.host.replace('%eth0', '') };
    expect(parseProxyHeader(header)).toEqual({ source: plain, destination });
    for (const text of Object.values(TLS)) expect(header.includes(text)).toBe(true);
  });
});
