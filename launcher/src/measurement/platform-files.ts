// SPDX-License-Identifier: Apache-2.0
import type { PlatformConfig } from '@proofgate/api';
import { DaemonError, readBoundedFile } from '@proofgate/daemon';
import { decodePem, fromUtf8, parseCertificate, sha256, toHex } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';

/** A chain of a few certificates has some kilobytes; a marker file has a word. */
const MAX_PLATFORM_FILE_BYTES = 256 * 1024;

/** What files outside the config file contribute to the measurements. */
export interface PlatformFiles {
  /** The CA certificate file byte for byte, as the platform tree commits to it. */
  readonly caCertFile: Uint8Array;
  /** SHA-256 in hex over the public key (SubjectPublicKeyInfo) of the first certificate in it. */
  readonly caSpkiSha256: string;
  /** The VM image's profile; `undefined` where the image has no marker file. */
  readonly imageProfile: string | undefined;
}

/**
 * Reads the files that the platform's measurements cover.
 *
 * @param platform - names the files
 * @returns their content
 * @throws LauncherError ERR_LAUNCHER_CA_INVALID when the CA file is not a PEM certificate; DaemonError when it is missing,
 *   or a file is unreadable or too large
 */
export async function readPlatformFiles(platform: PlatformConfig): Promise<PlatformFiles> {
  const caCertFile = await readBoundedFile(platform.ca_cert, MAX_PLATFORM_FILE_BYTES);
  const profile = await readOptional(platform.image_profile_file);
  return {
    caCertFile,
    caSpkiSha256: spkiDigest(platform.ca_cert, caCertFile),
    imageProfile: profile === undefined ? undefined : fromUtf8(profile).trim(),
  };
}

function spkiDigest(path: string, pem: Uint8Array): string {
  try {
    const [der] = decodePem(fromUtf8(pem), 'CERTIFICATE');
    if (der === undefined) throw new Error('no certificate in it');
    return toHex(sha256(parseCertificate(der).spki));
  } catch (cause) {
    throw new LauncherError('ERR_LAUNCHER_CA_INVALID', `${path} is not a PEM certificate`, {
      hint: 'platform.ca_cert names the intermediary CA, PEM, its certificate first',
      cause,
    });
  }
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBoundedFile(path, MAX_PLATFORM_FILE_BYTES);
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}
