// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema, type VmConfig } from '@proofgate/api';
import { readConfigFile } from '@proofgate/daemon';

import { unusable } from './input-file.ts';

/**
 * Reads the config file that `-c` names.
 *
 * @throws ConfigError with every problem and its position; CliError `ERR_CLI_FILE` when it cannot be read
 */
export async function readConfig(path: string): Promise<VmConfig> {
  try {
    return await readConfigFile(path, vmConfigSchema);
  } catch (cause) {
    throw unusable(cause);
  }
}
