// SPDX-License-Identifier: Apache-2.0
import type { PlatformConfig } from '@proofgate/api';
import { loadIssuer, type Issuer } from '@proofgate/ca';
import { assertPrivateFile, DaemonError, readBoundedFile } from '@proofgate/daemon';
import { fromUtf8 } from '@proofgate/evidence';

/** A chain of a few certificates or a key has some kilobytes; a marker file has a word. */
const MAX_PLATFORM_FILE_BYTES = 256 * 1024;

/** What the proxy reads from files besides its configuration. */
export interface PlatformFiles {
  readonly issuer: Issuer;
  /** Byte for byte, as the platform tree commits to it. */
  readonly caCertFile: Uint8Array;
  /** Absent where the image has no marker file. */
  readonly imageProfile: string | undefined;
}

/**
 * Reads the intermediary CA and the image's profile.
 *
 * @throws DaemonError for a file that is missing, unreadable or (the key) not private; CaError for a CA that cannot issue
 */
export async function readPlatformFiles(
  platform: PlatformConfig,
  at: Date,
): Promise<PlatformFiles> {
  await assertPrivateFile(platform.ca_key);
  const key = await readBoundedFile(platform.ca_key, MAX_PLATFORM_FILE_BYTES);
  const caCertFile = await readBoundedFile(platform.ca_cert, MAX_PLATFORM_FILE_BYTES);
  const issuer = loadIssuer({
    certificatePem: fromUtf8(caCertFile),
    privateKeyPem: fromUtf8(key),
    at,
  });
  const imageProfile = await readOptional(platform.image_profile_file);
  return { issuer, caCertFile, imageProfile };
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await readBoundedFile(path, MAX_PLATFORM_FILE_BYTES)).trim();
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}
