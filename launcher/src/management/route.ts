// SPDX-License-Identifier: Apache-2.0
import {
  MANAGEMENT_ENDPOINTS,
  type ManagementEndpoint,
  type ManagementOperation,
} from '@proofgate/api';
import { LauncherError } from '../errors.ts';

/** What a request asks for. */
export interface Route {
  readonly operation: ManagementOperation;
  readonly endpoint: ManagementEndpoint;
  /** What stands for `{name}` in the path, empty when nothing does. */
  readonly name: string;
}

/** Names of workloads and volumes; anything else, percent signs included, leads nowhere. */
const NAME = '([a-z0-9](?:[a-z0-9-]{0,66}[a-z0-9])?)';

interface Pattern {
  readonly path: RegExp;
  readonly operation: ManagementOperation;
  readonly endpoint: ManagementEndpoint;
}

// Sound: the keys of the table are the operations.
const OPERATIONS = Object.keys(MANAGEMENT_ENDPOINTS) as ManagementOperation[];

const PATTERNS: readonly Pattern[] = OPERATIONS.map((operation) => {
  const endpoint = MANAGEMENT_ENDPOINTS[operation];
  const path = endpoint.path.replaceAll('.', '\\.').replace('{name}', NAME);
  return { path: new RegExp(`^${path}$`), operation, endpoint };
});

/**
 * Finds the endpoint of a request. HEAD asks for what GET would answer.
 *
 * @param path - as in the request, without the query
 * @throws LauncherError ERR_LAUNCHER_ENDPOINT_UNKNOWN, ERR_LAUNCHER_METHOD_REFUSED
 */
export function findRoute(method: string, path: string): Route {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const here = PATTERNS.filter((pattern) => pattern.path.test(path));
  const pattern = here.find(({ endpoint }) => endpoint.method === wanted);
  if (pattern !== undefined) {
    const [, name = ''] = pattern.path.exec(path) ?? [];
    return { operation: pattern.operation, endpoint: pattern.endpoint, name };
  }
  if (here.length === 0) {
    throw new LauncherError('ERR_LAUNCHER_ENDPOINT_UNKNOWN', 'nothing is here', {
      hint: '/openapi.json lists what there is',
    });
  }
  const allowed = here.map(({ endpoint }) => endpoint.method);
  const withHead = allowed.includes('GET') ? ['HEAD', ...allowed] : allowed;
  throw new LauncherError('ERR_LAUNCHER_METHOD_REFUSED', `${method.slice(0, 20)} is not for here`, {
    expected: withHead.join(', '),
  });
}
