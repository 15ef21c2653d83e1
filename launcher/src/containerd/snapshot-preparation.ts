// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { ContainerdClient } from './containerd-client.ts';
import { grpcStatus } from './containerd-error.ts';
import { collectGarbage } from './lease.ts';
import type { Mount, SnapshotKey } from './messages.ts';
import { SNAPSHOTS } from './methods.ts';

/**
 * Makes a snapshot that can be written to.
 *
 * @param snapshot - its name, and the snapshot that it begins as; empty for none
 * @param lease - keeps it alive until something refers to it
 * @returns how to mount it
 */
export async function prepareSnapshot(
  client: ContainerdClient,
  snapshot: SnapshotKey & { readonly parent: string },
  lease?: string,
): Promise<readonly Mount[]> {
  const prepare = async (): Promise<readonly Mount[]> => {
    const options = lease === undefined ? {} : { lease };
    const request = { ...snapshot, labels: {} };
    return (await client.call(SNAPSHOTS.prepare, request, options)).mounts;
  };
  try {
    return await prepare();
  } catch (error) {
    // A containerd that was killed at the wrong moment has a directory on disk that its database does not know, under
    // the number that the next snapshot gets. Collecting removes it.
    if (grpcStatus(error) !== status.UNKNOWN) throw error;
    await collectGarbage(client);
    return prepare();
  }
}
