// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';
import type { HelloRefusal } from '../tls/tls-front.ts';
import type { TcpOutcome } from './tcp-route.ts';

/** Something that happened on a connection before or beside HTTP. */
export interface ConnectionReport {
  readonly event:
    'hello-refused' | 'handshake-failed' | 'peer-refused' | 'tcp-closed' | 'over-limit';
  readonly peer: string;
  readonly reason?: string;
  readonly host?: string;
  readonly code?: ProxyErrorCode;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  /** Others of the same code that were not reported. */
  readonly unreported?: number;
}

/** Tells of a connection that was refused before TLS began. */
export function helloReport(
  refusal: Exclude<HelloRefusal, { kind: 'limit' }>,
  peer: string,
): ConnectionReport {
  const common = { event: 'hello-refused', peer } as const;
  switch (refusal.kind) {
    case 'hello':
      return { ...common, code: refusal.error.code, reason: refusal.error.message };
    case 'unknown-name':
      return {
        ...common,
        code: 'ERR_PROXY_HELLO_NAME',
        reason: 'unknown name',
        host: refusal.serverName ?? '',
      };
    case 'timeout':
      return { ...common, code: 'ERR_PROXY_HANDSHAKE_TIMEOUT', reason: refusal.kind };
    case 'overload':
      return { ...common, code: 'ERR_PROXY_TOO_MANY_HELLOS', reason: refusal.kind };
  }
}

/** Tells of a connection of a tcp route that has ended. */
export function tcpReport(outcome: TcpOutcome, host: string, peer: string): ConnectionReport {
  return {
    event: 'tcp-closed',
    host,
    peer,
    bytesIn: outcome.bytesFromClient,
    bytesOut: outcome.bytesToClient,
    ...(outcome.code === undefined ? {} : { code: outcome.code }),
  };
}
