// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { extract, type Extract } from 'tar-stream';
import { LauncherError } from '../errors.ts';
import { archivedLayers } from './loaded-image.ts';

/** Largest list of layers: names of 127 files. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * Hashes the layers of an image that an engine exports, as the engine puts them together again out of what it has
 * unpacked.
 *
 * @param archive - in docker's format
 * @returns digests of the layers' archives, bottom first
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when the archive is not in that format;
 *   ERR_LAUNCHER_ENGINE_UNAVAILABLE when it breaks off
 */
export async function exportedDiffIds(archive: Readable): Promise<readonly string[]> {
  const digests = new Map<string, string>();
  let manifest = '[]';
  try {
    const unpacker = extract();
    feed(archive, unpacker);
    for await (const entry of unpacker) {
      const { name, type } = entry.header;
      if (name === 'manifest.json') manifest = await textOf(entry);
      else if (type === 'file' && name.endsWith('.tar')) digests.set(name, await digestOf(entry));
      else entry.resume();
    }
  } catch (cause) {
    const message = 'the container engine broke off while it exported an image';
    throw new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', message, { cause });
  } finally {
    archive.destroy();
  }
  return archivedLayers(manifest).map((name) => digests.get(name) ?? 'absent');
}

/** The library's streams are not Node's, so these are not joined by `pipe`. */
function feed(archive: Readable, unpacker: Extract): void {
  archive.on('data', (chunk: Buffer) => {
    if (unpacker.write(chunk)) return;
    archive.pause();
    unpacker.once('drain', () => archive.resume());
  });
  archive.once('end', () => {
    unpacker.end(undefined);
  });
  archive.once('error', (error) => {
    unpacker.destroy(error);
  });
}

async function digestOf(entry: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of entry) hash.update(asBytes(chunk));
  return `sha256:${hash.digest('hex')}`;
}

async function textOf(entry: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of entry) {
    const bytes = asBytes(chunk);
    length += bytes.length;
    if (length > MAX_MANIFEST_BYTES) throw new Error('manifest.json of the archive is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('an archive is read as bytes');
}
