// SPDX-License-Identifier: Apache-2.0
import { checkFields, type FieldSchema } from '@proofgate/api';
import type { UnixRequest } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { Caller } from './caller.ts';
import { InvalidFieldsError } from './invalid-fields.ts';
import { readJsonText } from './json-text.ts';
import type { Route } from './route.ts';

/** The largest request is a load with a long environment; a file belongs into a volume. */
export const MAX_REQUEST_BYTES = 262_144;

/** A request to the management API from somebody who may make it. */
export interface ManagementCall extends Route {
  readonly caller: Caller;
  readonly request: UnixRequest;
}

/**
 * Reads the content of a request, once and strictly.
 *
 * @param choose - the schema, for what has been read as JSON
 * @throws LauncherError ERR_LAUNCHER_REQUEST_TYPE, ERR_LAUNCHER_REQUEST_TOO_LARGE, ERR_LAUNCHER_REQUEST_MALFORMED,
 *   ERR_LAUNCHER_REQUEST_INVALID
 */
export function readContent<T>(
  { request: { headers, body } }: ManagementCall,
  choose: (value: unknown) => FieldSchema<T>,
): T {
  const { 'content-type': type = 'none', 'content-encoding': encoding } = headers;
  if (
    !/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type) ||
    encoding !== undefined
  ) {
    throw new LauncherError('ERR_LAUNCHER_REQUEST_TYPE', 'the content has another type', {
      expected: 'application/json, not compressed',
      seen: type.slice(0, 100),
    });
  }
  if (body.length > MAX_REQUEST_BYTES) {
    throw new LauncherError('ERR_LAUNCHER_REQUEST_TOO_LARGE', 'the content is too large', {
      expected: `at most ${String(MAX_REQUEST_BYTES)} bytes`,
      seen: String(body.length),
    });
  }
  const value = readJsonText(body);
  return accepted(checkFields(choose(value), value));
}

/**
 * Reads the query of a request; a parameter that is unknown or appears twice is refused.
 *
 * @throws LauncherError ERR_LAUNCHER_REQUEST_INVALID
 */
export function readQuery<T>({ request: { query } }: ManagementCall, schema: FieldSchema<T>): T {
  const names = [...query.keys()];
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    throw new InvalidFieldsError(
      'ERR_LAUNCHER_REQUEST_INVALID',
      repeated.map((name) => ({ pointer: `?${name}`, detail: 'appears twice' })),
    );
  }
  const outcome = checkFields(schema, Object.fromEntries(query));
  if (outcome.kind === 'accepted') return outcome.value;
  const errors = outcome.errors.map(({ pointer, detail }) => ({
    pointer: pointer.replace(/^\//, '?'),
    detail,
  }));
  throw new InvalidFieldsError('ERR_LAUNCHER_REQUEST_INVALID', errors);
}

/**
 * Refuses content and parameters where an endpoint has none: whoever sends them expects something of them.
 *
 * @throws LauncherError ERR_LAUNCHER_REQUEST_MALFORMED, ERR_LAUNCHER_REQUEST_INVALID
 */
export function refuseSurplus({ endpoint, request }: ManagementCall): void {
  if (endpoint.body === undefined && request.body.length > 0) {
    throw new LauncherError('ERR_LAUNCHER_REQUEST_MALFORMED', 'content is not for here');
  }
  if (endpoint.query !== undefined || request.query.size === 0) return;
  throw new InvalidFieldsError(
    'ERR_LAUNCHER_REQUEST_INVALID',
    [...new Set(request.query.keys())].map((name) => ({
      pointer: `?${name.slice(0, 100)}`,
      detail: 'is unknown',
    })),
  );
}

function accepted<T>(outcome: ReturnType<typeof checkFields<T>>): T {
  if (outcome.kind === 'accepted') return outcome.value;
  throw new InvalidFieldsError('ERR_LAUNCHER_REQUEST_INVALID', outcome.errors);
}
