// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { parseAddressRange, type AddressRange } from './address-range.ts';
import type { ByteCount } from './byte-size.ts';
import type { Milliseconds } from './duration.ts';
import { byteSizeField, durationField, parsedText } from './text-fields.ts';

/** What all clients of one host may do in one worker; what is absent has no bound of its own. */
export interface HostRateLimits {
  /** Open connections. */
  readonly connections_per_host?: number;
  /** A second. */
  readonly handshakes_per_host?: number;
  /** A second. */
  readonly requests_per_host?: number;
  /** Bytes of request content, a second. */
  readonly body_rate_per_host?: ByteCount;
}

/** What the proxy bounds for every host. */
export interface Limits extends HostRateLimits {
  /** Open connections in one worker. */
  readonly connections: number;
  /** From TCP accept to the end of the TLS handshake. */
  readonly handshake_timeout: Milliseconds;
  /** Request line and header fields together. */
  readonly header_bytes: ByteCount;
  /** Header fields of a request. */
  readonly header_count: number;
  /** From a request's first byte to the end of its header. */
  readonly headers_timeout: Milliseconds;
  /** Content of a request. */
  readonly body_bytes: ByteCount;
  /** From a request's first byte to the end of its content. */
  readonly request_timeout: Milliseconds;
  /** Without a byte in either direction on an HTTP connection. */
  readonly idle_timeout: Milliseconds;
  /** Without a byte in either direction on a connection of mode `tcp`. */
  readonly tcp_idle_timeout: Milliseconds;
  /** From the attempt to reach an upstream to its answer. */
  readonly connect_timeout: Milliseconds;
  /** From the end of a request to the first byte of the upstream's answer. */
  readonly response_timeout: Milliseconds;
  /** How long a connection that asks for evidence of its session waits for others, to share a quote with them. */
  readonly quote_wait: Milliseconds;
  /** For one quote over sessions. */
  readonly quote_timeout: Milliseconds;
  /** Sessions that wait for evidence in batches, in all workers together. */
  readonly quotes: number;
  /** Sessions that wait for a quote of their own, likewise. */
  readonly challenge_quotes: number;
  /** Sessions of one client address that wait for evidence. */
  readonly quotes_per_address: number;
  /** Sessions of one host that wait for evidence. */
  readonly quotes_per_host: number;
  /** Questions of one client address for evidence of a session, a second. */
  readonly quote_rate_per_address: number;
  /** The same of one host; absent without a bound. */
  readonly quote_rate_per_host?: number;
  /** Open connections of one client address, in one worker. */
  readonly connections_per_address: number;
  /** A second, in one worker. */
  readonly handshakes_per_address: number;
  /** A second, in one worker. */
  readonly requests_per_address: number;
  /** Bytes of request content, a second, in one worker. */
  readonly body_rate_per_address: ByteCount;
  /** Whom the limits of one address do not bound, those of waiting sessions excepted. */
  readonly exempt_addresses: readonly AddressRange[];
}

/** What a single route may bound more tightly or more loosely than the rest. */
export type HostLimits = Partial<
  Pick<Limits, 'body_bytes' | 'request_timeout' | 'idle_timeout' | 'response_timeout'>
> &
  HostRateLimits;

/** A TLS connection costs about 40 KiB: this many stay under half a gigabyte in one worker. */
export const DEFAULT_CONNECTIONS = 10_000;
/** A handshake takes two round trips; ten seconds cover a satellite link with losses, and no slow sender. */
export const DEFAULT_HANDSHAKE_TIMEOUT = '10s';
/** What Node's parser and most servers accept; with much more it drops header fields silently. */
export const DEFAULT_HEADER_BYTES = '16KiB';
/** Browsers send about 20 fields; HTTP/2 in Node ends a stream above 128 pairs. */
export const DEFAULT_HEADER_COUNT = 100;
/** A header fits in a few packets; a client that takes longer holds a connection on purpose. */
export const DEFAULT_HEADERS_TIMEOUT = '10s';
/** Content is streamed, not held, so this bounds abuse of the upstream's disk and not memory here. */
export const DEFAULT_BODY_BYTES = '1GiB';
/** Room for a large upload over a slow line, as Enclave OS allows. */
export const DEFAULT_REQUEST_TIMEOUT = '15m';
/** Above the 60 s after which common load balancers close an idle connection, so that they close first. */
export const DEFAULT_IDLE_TIMEOUT = '75s';
/** Database clients keep quiet connections in a pool; an hour keeps those and drops dead peers. */
export const DEFAULT_TCP_IDLE_TIMEOUT = '1h';
/** An upstream is in the same VM: it accepts at once or is not there. */
export const DEFAULT_CONNECT_TIMEOUT = '5s';
/** A model may think for minutes before its first byte. */
export const DEFAULT_RESPONSE_TIMEOUT = '5m';
/** A quote takes tens of milliseconds to a second: half of the shortest costs nobody much and fills batches. */
export const DEFAULT_QUOTE_WAIT = '20ms';
/** Quotes take a second at worst; whoever waits is told before usual clients give up, after ten. */
export const DEFAULT_QUOTE_TIMEOUT = '8s';
/** One session takes a kilobyte of memory: a burst of this many fits into a few batches. */
export const DEFAULT_QUOTES = 4_096;
/** Each takes a quote's time, and all have to be answered before clients give up. */
export const DEFAULT_CHALLENGE_QUOTES = 8;
/** Offices and mobile networks put many clients behind one address. */
export const DEFAULT_QUOTES_PER_ADDRESS = 256;
/** Half of all: one busy host leaves room for the others. */
export const DEFAULT_QUOTES_PER_HOST = 2_048;
/** Answers are shared by a batch, its places are not: one client leaves most of them to others. */
export const DEFAULT_QUOTE_RATE_PER_ADDRESS = 100;
/** An office or a mobile network behind one address has this many; it is a tenth of what a worker has room for. */
export const DEFAULT_CONNECTIONS_PER_ADDRESS = 1_000;
/** Each costs half a millisecond of a core: one address gets a fortieth of it for long. */
export const DEFAULT_HANDSHAKES_PER_ADDRESS = 50;
/** Far above what people and their programs ask for, and a fraction of what a worker serves. */
export const DEFAULT_REQUESTS_PER_ADDRESS = 1_000;
/** A gigabit a second: the line of a machine, not that of a person. */
export const DEFAULT_BODY_RATE_PER_ADDRESS = '128MiB';
/** What asks from inside the VM is no stranger: health checks, and whatever stands in front of the proxy here. */
export const DEFAULT_EXEMPT_ADDRESSES: readonly string[] = ['127.0.0.0/8', '::1/128'];
/** The networks of load balancers are a handful. */
export const MAX_EXEMPT_ADDRESSES = 64;

const count = (max: number): z.ZodInt => z.int().min(1).max(max);
const aSecondToADay = { minMs: 1_000, maxMs: 86_400_000 } as const;

const hostRates = {
  connections_per_host: count(1_000_000).exactOptional(),
  handshakes_per_host: count(1_000_000).exactOptional(),
  requests_per_host: count(1_000_000).exactOptional(),
  body_rate_per_host: byteSizeField({ min: 1_024 }).exactOptional(),
};

/** Schema of {@link HostLimits}. */
export const hostLimitsSchema: z.ZodType<HostLimits, unknown> = z.strictObject({
  body_bytes: byteSizeField({ min: 0 }).exactOptional(),
  request_timeout: durationField(aSecondToADay).exactOptional(),
  idle_timeout: durationField(aSecondToADay).exactOptional(),
  response_timeout: durationField(aSecondToADay).exactOptional(),
  ...hostRates,
});

/** Schema of {@link Limits}; every field has a default. */
export const limitsSchema: z.ZodType<Limits, unknown> = z.strictObject({
  connections: count(1_000_000).default(DEFAULT_CONNECTIONS),
  handshake_timeout: durationField(aSecondToADay).prefault(DEFAULT_HANDSHAKE_TIMEOUT),
  header_bytes: byteSizeField({ min: 1_024, max: 262_144 }).prefault(DEFAULT_HEADER_BYTES),
  header_count: count(1_000).default(DEFAULT_HEADER_COUNT),
  headers_timeout: durationField(aSecondToADay).prefault(DEFAULT_HEADERS_TIMEOUT),
  body_bytes: byteSizeField({ min: 0 }).prefault(DEFAULT_BODY_BYTES),
  request_timeout: durationField(aSecondToADay).prefault(DEFAULT_REQUEST_TIMEOUT),
  idle_timeout: durationField(aSecondToADay).prefault(DEFAULT_IDLE_TIMEOUT),
  tcp_idle_timeout: durationField(aSecondToADay).prefault(DEFAULT_TCP_IDLE_TIMEOUT),
  connect_timeout: durationField(aSecondToADay).prefault(DEFAULT_CONNECT_TIMEOUT),
  response_timeout: durationField(aSecondToADay).prefault(DEFAULT_RESPONSE_TIMEOUT),
  quote_wait: durationField({ minMs: 0, maxMs: 1_000 }).prefault(DEFAULT_QUOTE_WAIT),
  quote_timeout: durationField({ minMs: 100, maxMs: 60_000 }).prefault(DEFAULT_QUOTE_TIMEOUT),
  quotes: count(1_000_000).default(DEFAULT_QUOTES),
  challenge_quotes: count(1_000).default(DEFAULT_CHALLENGE_QUOTES),
  quotes_per_address: count(1_000_000).default(DEFAULT_QUOTES_PER_ADDRESS),
  quotes_per_host: count(1_000_000).default(DEFAULT_QUOTES_PER_HOST),
  quote_rate_per_address: count(1_000_000).default(DEFAULT_QUOTE_RATE_PER_ADDRESS),
  quote_rate_per_host: count(1_000_000).exactOptional(),
  connections_per_address: count(1_000_000).default(DEFAULT_CONNECTIONS_PER_ADDRESS),
  handshakes_per_address: count(1_000_000).default(DEFAULT_HANDSHAKES_PER_ADDRESS),
  requests_per_address: count(1_000_000).default(DEFAULT_REQUESTS_PER_ADDRESS),
  body_rate_per_address: byteSizeField({ min: 1_024 }).prefault(DEFAULT_BODY_RATE_PER_ADDRESS),
  exempt_addresses: z
    .array(parsedText(parseAddressRange))
    .max(MAX_EXEMPT_ADDRESSES)
    .prefault([...DEFAULT_EXEMPT_ADDRESSES]),
  ...hostRates,
});
