// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openPglite } from './pglite-database.ts';
import { openPostgres } from './postgres-database.ts';

/** Where the control plane keeps what it knows. */
export type DatabasePlace =
  | { readonly kind: 'pglite'; readonly directory: string | undefined }
  | { readonly kind: 'postgresql'; readonly url: string };

/**
 * Opens the database and brings its tables up to date.
 *
 * @param place - a directory, memory, or the URL of a PostgreSQL
 * @param logger - for broken connections
 * @throws FleetError `ERR_FLEET_DATABASE`, `ERR_FLEET_DATABASE_LOCKED`, `ERR_FLEET_DATABASE_URL`,
 *   `ERR_FLEET_DATABASE_SCHEMA`
 */
export async function openDatabase(place: DatabasePlace, logger: Logger): Promise<Database> {
  const database =
    place.kind === 'pglite'
      ? await openPglite(place.directory)
      : await openPostgres(place.url, logger);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
