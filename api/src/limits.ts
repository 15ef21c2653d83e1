// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { ByteCount } from './byte-size.ts';
import type { Milliseconds } from './duration.ts';
import { byteSizeField, durationField } from './text-fields.ts';

/** What the proxy bounds for every host. */
export interface Limits {
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
}

/** What a single route may bound more tightly or more loosely than the rest. */
export type HostLimits = Partial<
  Pick<Limits, 'body_bytes' | 'request_timeout' | 'idle_timeout' | 'response_timeout'>
>;

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

const count = (max: number): z.ZodInt => z.int().min(1).max(max);
const aSecondToADay = { minMs: 1_000, maxMs: 86_400_000 } as const;

/** Schema of {@link HostLimits}. */
export const hostLimitsSchema: z.ZodType<HostLimits, unknown> = z.strictObject({
  body_bytes: byteSizeField({ min: 0 }).exactOptional(),
  request_timeout: durationField(aSecondToADay).exactOptional(),
  idle_timeout: durationField(aSecondToADay).exactOptional(),
  response_timeout: durationField(aSecondToADay).exactOptional(),
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
});
