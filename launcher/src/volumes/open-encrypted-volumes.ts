// SPDX-License-Identifier: Apache-2.0
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, type Logger } from '@proofgate/daemon';
import type { VolumeBackend, VolumeKind } from './encrypted-volume.ts';
import { EncryptedVolumes } from './encrypted-volumes.ts';
import { GocryptfsBackend } from './gocryptfs-backend.ts';
import { LuksBackend } from './luks-backend.ts';
import { chooseVolumeKind } from './volume-kind.ts';
import { volumePrograms, type RunVolumeProgram } from './volume-programs.ts';

/** What the encrypted volumes of a launcher are opened with. */
export interface OpenEncryptedVolumesOptions {
  /** 8 hex digits that tell this launcher's volumes from another one's. */
  readonly owner: string;
  /** Absolute; the encrypted bytes are kept below it. */
  readonly dataDir: string;
  /** Absolute; volumes are mounted below it. */
  readonly runDir: string;
  /** Draws secret bytes: `randomBytes` of `node:crypto`. */
  readonly random: (bytes: number) => Uint8Array;
  /** Directories with programs; the system's unless told. */
  readonly programDirectories?: readonly string[];
  readonly logger: Logger;
}

/**
 * Prepares for encrypted volumes in the best way that this machine has. To be called when a workload asks for storage.
 *
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when it has none
 */
export async function openEncryptedVolumes(
  options: OpenEncryptedVolumesOptions,
): Promise<EncryptedVolumes> {
  const { owner, dataDir, runDir, random, logger, programDirectories } = options;
  const kind = await chooseVolumeKind(
    programDirectories === undefined ? {} : { programDirectories },
  );
  const directory = join(dataDir, 'encrypted');
  const mountDirectory = join(runDir, 'encrypted');
  await ensureDir(directory, 0o700);
  await ensureDir(mountDirectory, 0o711);
  const run = volumePrograms(join(directory, 'programs.log'));
  return new EncryptedVolumes({
    owner,
    directory,
    // As the kernel shows it in its table of mounts.
    mountDirectory: await realpath(mountDirectory),
    backend: backendOf(kind, run),
    run,
    random,
    logger,
  });
}

function backendOf(kind: VolumeKind, run: RunVolumeProgram): VolumeBackend {
  return kind === 'luks2' ? new LuksBackend(run) : new GocryptfsBackend(run);
}
