// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { OID, toBase64, utf8 } from '@proofgate/evidence';
import type { WorkloadSockets } from '../../src/workload-api/workload-sockets.ts';
import { askSocket, container, type Answer } from './stage.ts';

export const ARC: string = OID.configurationHash;

/** An extension below the arc of workloads, as requests have it. */
export const item = (
  tail: string,
  value: string | Uint8Array = 'value',
): { readonly oid: string; readonly value: string } => ({
  oid: `${ARC}.${tail}`,
  value: toBase64(typeof value === 'string' ? utf8(value) : value),
});

/** Says something over the socket. */
export async function push(directory: string, extensions: unknown): Promise<Answer> {
  return askSocket(join(directory, 'workload.sock'), 'PUT', '/v1/extensions', { extensions });
}

/** What certificates carry, as `tail=text`. */
export function published(sockets: WorkloadSockets, measured = container()): string[] {
  return (sockets.find(measured)?.publishedExtensions() ?? []).map(
    ({ oid, value }) => `${oid.slice(ARC.length + 1)}=${new TextDecoder().decode(value)}`,
  );
}
