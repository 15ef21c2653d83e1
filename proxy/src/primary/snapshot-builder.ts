// SPDX-License-Identifier: Apache-2.0
import type { Identity } from '../identity/mint-identity.ts';
import type { Snapshot, SnapshotHost, SnapshotIdentity } from '../ipc/snapshot.ts';
import type { DesiredHost } from './gateway-hosts.ts';

/**
 * The next snapshot. A host appears with its first identity. While an identity for a changed description is being made,
 * the host stays as it was published before: the new destination is not served under the old proof. A host whose
 * workload has changed is not served until then: the new workload may answer at the old address already.
 *
 * @param find the valid identity of a host
 */
export function buildSnapshot(
  version: number,
  desired: readonly DesiredHost[],
  find: (hostname: string) => Identity | undefined,
  previous: Snapshot | undefined,
): Snapshot {
  const published = new Map(previous?.hosts.map((host) => [host.route.hostname, host]));
  const hosts: SnapshotHost[] = [];
  for (const { route, spec } of desired) {
    const identity = find(route.hostname);
    if (identity === undefined) continue;
    const before = published.get(route.hostname);
    if (identity.spec.fingerprint === spec.fingerprint) {
      hosts.push({ route, identity: snapshotIdentity(identity) });
    } else if (before?.route.workload === route.workload) {
      hosts.push(before);
    }
  }
  return { version, hosts };
}

function snapshotIdentity(identity: Identity): SnapshotIdentity {
  return {
    id: identity.id,
    privateKey: identity.privateKey,
    chain: identity.chainPem,
    document: identity.document,
  };
}
