// SPDX-License-Identifier: Apache-2.0
import { SimulatorError } from '../errors.ts';
import type { ServiceAnswer, ServiceHandler, ServiceRequest } from './http-service.ts';
import { malformed } from './request-fields.ts';

/** Path → method → what answers. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Route>>>>;

/** The query parameters that a resource takes, all optional here, and what answers. */
export type Route = readonly [
  parameters: readonly string[],
  answer: (query: Query, body: Uint8Array) => Promise<ServiceAnswer> | ServiceAnswer,
];

/** Query parameters by name, none twice, none unknown. */
export type Query = ReadonlyMap<string, string>;

/**
 * Sends requests to what answers them; everything that no route names is refused.
 *
 * @param routes - the resources
 * @returns the handler of a service
 */
export function routed(routes: Routes): ServiceHandler {
  return (request) => {
    const { method, path } = request;
    // A path begins with a slash and a method is upper case, so neither can name an inherited property.
    const methods = routes[path];
    if (methods === undefined) {
      throw new SimulatorError('ERR_SIMULATOR_NOT_FOUND', `nothing is under ${path}`);
    }
    const route = methods[method];
    if (route === undefined) {
      throw new SimulatorError('ERR_SIMULATOR_METHOD', `${path} does not take ${method}`, {
        expected: Object.keys(methods).join(', '),
        seen: method,
      });
    }
    const [parameters, answer] = route;
    return answer(readQuery(request, parameters), request.body);
  };
}

function readQuery({ query }: ServiceRequest, parameters: readonly string[]): Query {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (!parameters.includes(name)) throw malformed(`query parameter ${name} is unknown here`);
    if (values.has(name)) throw malformed(`query parameter ${name} is given twice`);
    values.set(name, value);
  }
  return values;
}
