// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';

/** Longest method and path that a log line repeats: a line stays below the 4 KiB that one write to a pipe keeps whole. */
const MAX_LOGGED_CHARS = 1_024;

/** From here on the fault is on our side. */
const FIRST_SERVER_ERROR = 500;

/** One finished request. No header values, no query: both may hold secrets. */
export interface AccessRecord {
  readonly requestId: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly peer: string;
  /** Of the trace that the client says it belongs to. */
  readonly traceId?: string;
  /** What the client was told; 499 when it had gone. */
  readonly status: number;
  /** With three decimals. */
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

/**
 * Passes on a share of the records, evenly spread, and every one that tells of an error.
 *
 * @param share from 0 to 1
 */
export function sampledLog(log: AccessLog, share: number): AccessLog {
  if (share >= 1) return log;
  let credit = 0;
  return (record) => {
    credit += share;
    const due = credit >= 1;
    if (due) credit -= 1;
    if (due || record.code !== undefined || record.status >= FIRST_SERVER_ERROR) log(record);
  };
}

/** The path of a request target as it may be logged. JSON escapes what could otherwise forge a line. */
export function loggedPath(target: string): string {
  const query = target.indexOf('?');
  return (query === -1 ? target : target.slice(0, query)).slice(0, MAX_LOGGED_CHARS);
}
