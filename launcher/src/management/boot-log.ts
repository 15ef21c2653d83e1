// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { BootLog } from './management-target.ts';

/** Where Linux shows the log of a TPM. */
export const TPM_LOG_FILE = '/sys/kernel/security/tpm0/binary_bios_measurements';

/**
 * The log of the VM's own boot: what a TPM recorded, or else what the firmware left for the TEE.
 *
 * @param ccel - the firmware's log, if there is one
 * @param tpmFile - where the other one is
 */
export async function readBootLog(
  ccel: Uint8Array | undefined,
  tpmFile: string = TPM_LOG_FILE,
): Promise<BootLog | undefined> {
  const tpm = await readFile(tpmFile).catch(() => undefined);
  if (tpm !== undefined && tpm.length > 0) return { source: 'tpm0', bytes: tpm };
  return ccel === undefined ? undefined : { source: 'ccel', bytes: ccel };
}
