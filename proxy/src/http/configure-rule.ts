// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { Route, RouteConfigure } from '../ipc/snapshot.ts';
import type { RequestHead } from './client-stream.ts';
import { fields, foldedName } from './header-rules.ts';
import { comparePath } from './path-readings.ts';

/**
 * Fields by which some frameworks let a request name another path than its own. Where a path is guarded, no request may
 * have one.
 */
const PATH_FIELDS: ReadonlySet<string> = new Set([
  'x-original-uri',
  'x-original-url',
  'x-rewrite-uri',
  'x-rewrite-url',
]);

/**
 * Decides where a request of a host goes that has to be configured. The one request that configures it goes to the
 * launcher, always and in one spelling; everything else waits until the workload has been configured.
 *
 * @param route of the host
 * @param head of the request, which can be forwarded
 * @returns the same route, or the one to the launcher
 * @throws ProxyError ERR_PROXY_CONFIGURE_AMBIGUOUS, ERR_PROXY_CONFIGURATION_AWAITED, ERR_PROXY_REQUEST_METHOD,
 *   ERR_PROXY_REQUEST_UPGRADE
 */
export function throughConfigureGate(route: Route, head: RequestHead): Route {
  const { configure } = route;
  if (configure === undefined) return route;
  demandOnePath(head);
  const path = comparePath(head.target, configure.path);
  if (path === 'alike') {
    throw ambiguous('request target could be read as the one that configures the workload');
  }
  if (path === 'exact' && head.method === configure.method) {
    if (head.upgrade) {
      throw new ProxyError('ERR_PROXY_REQUEST_UPGRADE', 'upgrade with the configuration');
    }
    return { ...route, upstream: configure.upstream };
  }
  if (!configure.open) {
    throw new ProxyError('ERR_PROXY_CONFIGURATION_AWAITED', 'workload is not configured yet', {
      expected: `${configure.method} ${configure.path} first`,
    });
  }
  if (path === 'exact') demandMethod(head, configure);
  return route;
}

function demandOnePath({ rawHeaders }: RequestHead): void {
  for (const [name] of fields(rawHeaders)) {
    if (PATH_FIELDS.has(foldedName(name))) throw ambiguous(`field ${name} names another path`);
  }
}

/** With another method the path could still configure: methods can be overridden by fields and forms. */
function demandMethod({ method }: RequestHead, configure: RouteConfigure): never {
  throw new ProxyError(
    'ERR_PROXY_REQUEST_METHOD',
    `${method} on the path that configures the workload`,
    { expected: configure.method },
  );
}

function ambiguous(message: string): ProxyError {
  return new ProxyError('ERR_PROXY_CONFIGURE_AMBIGUOUS', message, {
    hint: 'send the configuration to exactly the declared path, and nothing else to one like it',
  });
}
