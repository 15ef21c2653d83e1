// SPDX-License-Identifier: Apache-2.0
import { FleetError } from '../errors.ts';

/**
 * SQLSTATE classes that say nothing about the statement: connection, resources (a full disk among them), operator
 * intervention (a shutdown, a timeout), system errors, and transactions that stood in each other's way.
 */
const UNAVAILABLE = /^(?:08|53|57|58|25P03|40001|40P01)/u;

/** What sockets fail with, and the driver itself in plain sentences. */
const NO_CONNECTION =
  /^(?:E[A-Z]+|.*(?:timeout|terminated|closed|not queryable|Connection|pool).*)$/iu;

/**
 * Turns a driver's error into ours when trying again may help.
 *
 * @param error - whatever the driver threw
 * @returns that, or FleetError `ERR_FLEET_DATABASE`
 */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof FleetError || !(error instanceof Error)) return error;
  const state = sqlState(error);
  const unavailable =
    state === undefined ? NO_CONNECTION.test(error.message) : UNAVAILABLE.test(state);
  if (!unavailable && !/^E[A-Z]+$/u.test(state ?? '')) return error;
  return new FleetError('ERR_FLEET_DATABASE', 'the database did not do what it was asked for', {
    // Its message may name a host or a table, never a value.
    seen: state ?? 'no connection',
    hint: 'see the log of the database; the request can be repeated',
    cause: error,
  });
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
