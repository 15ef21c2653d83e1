// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program → Debian package. */
const PACKAGES: Readonly<Record<string, string>> = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  caddy: 'caddy',
  wrk: 'wrk',
  h2load: 'nghttp2-client',
};

/**
 * Demands programs that a benchmark starts.
 *
 * @param searchPath as in the variable PATH
 * @throws Error that names all that are missing and how to install them
 */
export function requirePrograms(programs: readonly string[], searchPath: string): void {
  const missing = programs.filter((program) => !isOnPath(program, searchPath));
  if (missing.length === 0) return;
  const packages = missing.map((program) => PACKAGES[program] ?? program);
  throw new Error(
    `not on this machine: ${missing.join(', ')}; on Debian: apt-get install ${packages.join(' ')}`,
  );
}

function isOnPath(program: string, searchPath: string): boolean {
  return searchPath.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
