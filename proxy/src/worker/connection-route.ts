// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../ipc/snapshot.ts';

/** Where the traffic of a connection goes. */
export interface ConnectionRoute {
  readonly route: Route;
  /** Another workload has taken over the name: the connection should end soon. */
  readonly leaving: boolean;
}

/** What an identity proves. */
export type Proof = Pick<Route, 'workload' | 'statements'>;

/**
 * Finds the workload that a connection was proved with. The identity outlives changes of an upstream's address, but
 * proves one workload alone: another one never answers on this connection, and neither does that one when something
 * that the identity says has ceased to be true.
 *
 * @param route of the connection's host, as it is now
 * @param proof what the connection's identity proves
 * @returns `undefined` when that workload is not served any more
 */
export function routeForConnection(
  route: Route | undefined,
  proof: Proof,
): ConnectionRoute | undefined {
  if (route === undefined) return undefined;
  if (stillTrue(proof, route)) return { route, leaving: false };
  const { retiring } = route;
  if (retiring?.workload !== proof.workload) return undefined;
  // How the successor is configured, and who may use it, has nothing to do with it.
  const own = { configure: undefined, clients: undefined, ...retiring };
  const former = { ...route, ...own, retiring: undefined };
  return { route: former, leaving: true };
}

/**
 * Whether everything that was proved holds for what is served now. What is said in addition makes nothing false.
 *
 * @param proof what was proved
 * @param now what is served
 */
export function stillTrue({ workload, statements = [] }: Proof, now: Proof): boolean {
  const said = now.statements ?? [];
  return workload === now.workload && statements.every((statement) => said.includes(statement));
}
