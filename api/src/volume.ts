// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** A directory or file of the VM that a container sees. */
export interface Volume {
  /** Absolute path in the VM. */
  readonly host: string;
  /** Absolute path in the container. */
  readonly container: string;
  readonly readOnly: boolean;
}

/**
 * Reads `host:container`, `host:container:rw` or `host:container:ro`; both paths absolute, without `..`.
 * The text itself is what the configuration tree commits to; this is what it means.
 *
 * @throws ApiError `ERR_API_VOLUME`
 */
export function parseVolume(text: string): Volume {
  const [host = '', container = '', access = 'rw', ...rest] = text.split(':');
  const known = access === 'rw' || access === 'ro';
  if (!isPlainPath(host) || !isPlainPath(container) || !known || rest.length > 0) {
    throw new ApiError('ERR_API_VOLUME', `"${text.slice(0, 160)}" is not a volume`, {
      expected:
        'host:container, host:container:ro or host:container:rw with absolute paths without ..',
      seen: text.slice(0, 160),
    });
  }
  return { host, container, readOnly: access === 'ro' };
}

function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..');
}
