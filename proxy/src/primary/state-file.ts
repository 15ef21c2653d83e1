// SPDX-License-Identifier: Apache-2.0
import { gatewayStateSchema, type GatewayState } from '@proofgate/api';
import { DaemonError, readJsonFile, writeFileAtomic, type Logger } from '@proofgate/daemon';

/** The last gateway state that was in force, below `data_dir`. */
export const STATE_FILE = 'gateway-state.json';

/** Reads and writes the last good gateway state. */
export interface StateFile {
  /**
   * The saved state if it was saved in this boot of the machine: one of an earlier boot describes what ran then.
   *
   * @param check throws for a state that cannot be put in force
   */
  load(check: (state: GatewayState) => void): Promise<GatewayState | undefined>;
  save(state: GatewayState): Promise<void>;
}

/**
 * The file with the last good state.
 *
 * @param machineBoot names this boot of the kernel
 */
export function openStateFile(path: string, machineBoot: string, logger: Logger): StateFile {
  return {
    async load(check) {
      try {
        const saved = await readJsonFile(path, parseSaved);
        if (saved.machineBoot === machineBoot) {
          check(saved.state);
          return saved.state;
        }
        logger.info({ path }, 'saved gateway state is of an earlier boot and is not used');
      } catch (error) {
        if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return;
        // The launcher pushes a new one; a proxy that does not start would be worse.
        logger.warn({ path, err: error }, 'saved gateway state cannot be used');
      }
      return undefined;
    },
    save: (state) => writeFileAtomic(path, `${JSON.stringify({ machineBoot, state })}\n`),
  };
}

function parseSaved(value: unknown): { machineBoot: string; state: GatewayState } {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  const { machineBoot, state } = value as Record<string, unknown>; // an object has string keys
  if (typeof machineBoot !== 'string') throw new TypeError('machineBoot is not a string');
  return { machineBoot, state: gatewayStateSchema.parse(state) };
}
