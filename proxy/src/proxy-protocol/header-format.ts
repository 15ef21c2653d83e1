// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';

/* Numbers of "The PROXY protocol, versions 1 & 2" (haproxy.org, doc/proxy-protocol.txt), section 2.2. */

/** With what every header begins: nothing that TLS, HTTP or a line of text could. */
export const SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Signature, version and command, family and transport, length of the rest. */
export const FIXED_BYTES = 16;

export const VERSION_2 = 0x20;
export const COMMAND = { local: 0, proxy: 1 } as const;

/** Family and transport: streams alone, since nothing else arrives here. */
export const TRANSPORT = { tcp4: 0x11, tcp6: 0x21 } as const;

/** Of one address, without its port. */
export const ADDRESS_BYTES = { ipv4: 4, ipv6: 16 } as const;
export const PORT_BYTES = 2;

/** What may follow the addresses, each with a type and a length of two bytes. */
export const TLV = { alpn: 0x01, authority: 0x02, crc32c: 0x03, ssl: 0x20 } as const;
export const TLV_HEADER_BYTES = 3;

/** Inside of {@link TLV}`.ssl`. */
export const SSL_TLV = { version: 0x21, cipher: 0x23 } as const;

/** The two ends of the connection that a client has made, as whoever accepted it saw them. */
export interface Endpoints {
  readonly source: HostPort;
  readonly destination: HostPort;
}
