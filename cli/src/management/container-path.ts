// SPDX-License-Identifier: Apache-2.0
import { CliError } from '../errors.ts';

/** As in the config file: a DNS label. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/**
 * The path of a workload in the management API.
 *
 * @param name - from the command line
 * @throws CliError `ERR_CLI_USAGE` when nothing can have this name
 */
export function containerPath(name: string): string {
  if (NAME.test(name)) return `/api/v1/containers/${name}`;
  throw new CliError('ERR_CLI_USAGE', 'no workload can have this name', {
    expected: '1 to 63 lower-case letters, digits and inner hyphens',
    seen: name,
  });
}
