// SPDX-License-Identifier: Apache-2.0
import { MAX_EVENT_LOG_BYTES } from '@proofgate/evidence';
import { readAttributeFile } from './attribute-file.ts';
import { AttesterError, errnoOf } from '../errors.ts';

/** The bytes of the firmware's event log, named by the ACPI table CCEL (ACPI 6.5, section 5.2.34). */
export const CCEL_FILE = '/sys/firmware/acpi/tables/data/CCEL';

/**
 * Reads the log of what firmware and boot loader measured into RTMR0 to RTMR2.
 *
 * @param path - the log's file
 * @returns the log, padding included, or `undefined` when the firmware keeps none
 * @throws AttesterError `ERR_ATTESTER_EVENT_LOG`
 */
export async function readFirmwareEventLog(
  path: string = CCEL_FILE,
): Promise<Uint8Array | undefined> {
  try {
    return await readAttributeFile(path, MAX_EVENT_LOG_BYTES);
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT') return undefined;
    throw new AttesterError(
      'ERR_ATTESTER_EVENT_LOG',
      `event log ${path} cannot be read (${errno ?? 'too large'})`,
      {
        hint: `the file is readable by root alone, and at most ${MAX_EVENT_LOG_BYTES} bytes are accepted`,
        cause,
      },
    );
  }
}
