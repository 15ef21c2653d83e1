// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';

/** Longest method and path that a log line repeats: a line stays below the 4 KiB that one write to a pipe keeps whole. */
const MAX_LOGGED_CHARS = 1_024;

/** One finished request. No header values, no query: both may hold secrets. */
export interface AccessRecord {
  readonly requestId: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly peer: string;
  /** What the client was told; 499 when it had gone. */
  readonly status: number;
  readonly durationMs: number;
  /** Content received from and sent to the client, after a protocol change all bytes. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly code?: ProxyErrorCode;
  /** Why, for the operator. */
  readonly reason?: string;
}

/** Where finished requests are reported. */
export type AccessLog = (record: AccessRecord) => void;

/** The path of a request target as it may be logged. JSON escapes what could otherwise forge a line. */
export function loggedPath(target: string): string {
  const query = target.indexOf('?');
  return (query === -1 ? target : target.slice(0, query)).slice(0, MAX_LOGGED_CHARS);
}
