// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { Upstream } from '@proofgate/api';
import type { Identity } from '../identity/mint-identity.ts';
import type {
  RetiringWorkload,
  Route,
  Snapshot,
  SnapshotHost,
  SnapshotIdentity,
} from '../ipc/snapshot.ts';
import type { PeerTokenKey } from '../peer/peer-token.ts';
import { stillTrue } from '../worker/connection-route.ts';
import type { DesiredHost } from './gateway-hosts.ts';

/**
 * The next snapshot. A host appears with its first identity. While an identity for a changed description is being made,
 * the host stays as it was published before: the new destination is not served under the old proof. A host whose
 * workload has changed is not served until then, because the new workload may answer at the old address already, unless
 * the launcher vouches that the old one is still there.
 *
 * @param find the valid identity of a host
 * @param peerKey that tokens about clients are signed with
 */
export function buildSnapshot(
  version: number,
  desired: readonly DesiredHost[],
  find: (hostname: string) => Identity | undefined,
  previous: Snapshot | undefined,
  peerKey?: PeerTokenKey,
): Snapshot {
  const published = new Map(previous?.hosts.map((host) => [host.route.hostname, host]));
  const hosts: SnapshotHost[] = [];
  for (const host of desired) {
    const { route, spec } = host;
    const identity = find(route.hostname);
    if (identity === undefined) continue;
    const before = published.get(route.hostname);
    if (identity.spec.fingerprint === spec.fingerprint) {
      const retiring = formerWorkload(host.retiring, before?.route, route.workload);
      hosts.push({ route: { ...route, retiring }, identity: snapshotIdentity(identity) });
    } else if (before !== undefined && mayStay(host, before.route)) {
      const retiring = formerWorkload(host.retiring, before.route, before.route.workload);
      hosts.push({ ...before, route: { ...stayingRoute(before.route, route), retiring } });
    }
  }
  return { version, hosts, peerKey };
}

/** Whether what is published still leads to the workload that its identity proves. */
function mayStay({ route, retiring }: DesiredHost, published: Route): boolean {
  return stillTrue(published, route) || isDeepStrictEqual(published.upstream, retiring);
}

/**
 * Who may use a workload changes at once, and one that has to be configured once more is not served as if it were,
 * whatever its certificate waits for.
 */
function stayingRoute(published: Route, next: Route): Route {
  return published.workload === next.workload
    ? { ...published, configure: next.configure, clients: next.clients }
    : published;
}

/**
 * The workload that is to keep the connections which were proved with it, if the launcher says where it still is.
 *
 * @param workload of the route that is published next
 */
function formerWorkload(
  retiring: Upstream | undefined,
  published: Route | undefined,
  workload: string,
): RetiringWorkload | undefined {
  if (retiring === undefined || published === undefined) return undefined;
  const { workload: name, upstream, configure, clients } = published;
  const served = { workload: name, upstream, configure, clients };
  return [served, published.retiring].find(
    (known) => known?.workload !== workload && isDeepStrictEqual(known?.upstream, retiring),
  );
}

function snapshotIdentity(identity: Identity): SnapshotIdentity {
  return {
    id: identity.id,
    privateKey: identity.privateKey,
    chain: identity.chainPem,
    document: identity.document,
  };
}
