// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** What a parameter of a statement can be. */
export type SqlValue = string | number | boolean | Date | Uint8Array | readonly string[] | null;

/** Runs statements, each by itself or in a transaction. Values are always parameters, never part of the text. */
export interface Queries {
  /**
   * Rows of a statement.
   *
   * @param row - what each has to be; both databases give other types than asked for when the statement is wrong
   * @throws FleetError `ERR_FLEET_DATABASE`; the driver's error, with its SQLSTATE, for a violated constraint
   */
  rows<Row>(
    row: z.ZodType<Row, unknown>,
    sql: string,
    parameters?: readonly SqlValue[],
  ): Promise<readonly Row[]>;
  /**
   * Runs a statement for what it changes.
   *
   * @returns how many rows it changed
   * @throws as {@link Queries.rows}
   */
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
}

/** A database that keeps what the control plane knows. */
export interface Database extends Queries {
  readonly kind: 'pglite' | 'postgresql';
  /**
   * Runs statements that take effect together or not at all (READ COMMITTED).
   *
   * @throws what `work` throws, after nothing of it took effect; FleetError `ERR_FLEET_DATABASE`, and then it is not known
   *   whether it did when the connection broke in the moment of the commit
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A `bigint` or a count: text from one driver, a number from the other. */
export const sqlInteger: z.ZodType<number, unknown> = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^-?\d{1,16}$/u)
      .transform(Number),
  ])
  .pipe(z.int());

/** The `bytea` of both drivers. */
export const sqlBytes: z.ZodType<Uint8Array, unknown> = z
  .instanceof(Uint8Array)
  .transform((bytes) => new Uint8Array(bytes));

/**
 * The only row of a statement that has at most one.
 *
 * @returns `undefined` when there is none
 */
export async function firstRow<Row>(
  queries: Queries,
  row: z.ZodType<Row, unknown>,
  sql: string,
  parameters: readonly SqlValue[] = [],
): Promise<Row | undefined> {
  const [first] = await queries.rows(row, sql, parameters);
  return first;
}
