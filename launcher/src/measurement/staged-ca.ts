// SPDX-License-Identifier: Apache-2.0
import { rename, unlink } from 'node:fs/promises';
import { writeFileAtomic } from '@proofgate/daemon';

/** Files of an intermediary that are on disk under other names. */
export interface StagedCa {
  /** Puts them in place, one right after the other. */
  commit(): Promise<void>;
  /** Removes what was not put in place. */
  discard(): Promise<void>;
}

/** Where the files of the intermediary are. */
export interface CaPlaces {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Writes the files of an intermediary beside those of the present one, so that putting them in place is two renames and
 * cannot fail for want of space.
 *
 * @param places - of the present one
 * @param files - of the new one
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE`; nothing is left then
 */
export async function stageCa(
  { certFile, keyFile }: CaPlaces,
  files: { readonly caCertFile: Uint8Array; readonly keyPem: string },
): Promise<StagedCa> {
  const staged = [`${keyFile}.next`, `${certFile}.next`] as const;
  const discard = async (): Promise<void> => {
    for (const path of staged) await unlink(path).catch(() => undefined);
  };
  try {
    await writeFileAtomic(staged[0], files.keyPem, { mode: 0o600 });
    await writeFileAtomic(staged[1], files.caCertFile, { mode: 0o644 });
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    async commit() {
      await rename(staged[0], keyFile);
      await rename(staged[1], certFile);
    },
    discard,
  };
}
