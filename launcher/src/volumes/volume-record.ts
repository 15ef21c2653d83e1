// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { GENERATED_KEY, type VolumeKeyOrigin, type VolumeKind } from './encrypted-volume.ts';

/** What is written down about a volume; nothing of it is secret. */
export interface VolumeRecord {
  readonly kind: VolumeKind;
  readonly keyOrigin: VolumeKeyOrigin;
  readonly sizeBytes: number;
}

/** Writes it beside the volume. */
export async function writeVolumeRecord(path: string, record: VolumeRecord): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(record));
}

/**
 * Reads what is known about a volume.
 *
 * @param path - of the file
 * @returns `undefined` when there is none
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when it says something that this launcher does not know, such as a
 *   key that is kept elsewhere: then the volume must not be taken for one that is worth nothing without its key
 */
export async function readVolumeRecord(path: string): Promise<VolumeRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const record = parse(text);
  if (record !== undefined) return record;
  const message = `volume record ${path} is not one of this launcher`;
  const hint = 'remove the directory if nothing in it is needed';
  throw new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, { hint });
}

function parse(text: string): VolumeRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields: Readonly<Record<string, unknown>> = { ...value };
    const { kind, keyOrigin, sizeBytes } = fields;
    const isKnown = keyOrigin === GENERATED_KEY && Number.isSafeInteger(sizeBytes);
    if (!isKnown || (kind !== 'luks2' && kind !== 'gocryptfs')) return undefined;
    return { kind, keyOrigin, sizeBytes: Number(sizeBytes) };
  } catch {
    return undefined;
  }
}
