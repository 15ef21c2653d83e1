// SPDX-License-Identifier: Apache-2.0
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readAttributeFile, writeAttributeFile } from './attribute-file.ts';

/** Where Linux offers attestation reports: `Documentation/ABI/testing/configfs-tsm-report`, kernel 6.7 and later. */
export const TSM_REPORT_DIRECTORY = '/sys/kernel/config/tsm/report';

/** One report directory. Its attributes are files; system errors reach the caller as Node reports them. */
export interface ConfigfsReport {
  /** Reads an attribute to its end, at most `maxBytes`. Each call opens the attribute anew. */
  read(attribute: string, maxBytes: number): Promise<Uint8Array>;
  /** Writes an attribute with one `write(2)` and closes it, which is when configfs commits the value. */
  write(attribute: string, value: Uint8Array): Promise<void>;
  /** Removes the directory. */
  remove(): Promise<void>;
}

/** The directory of all reports: the few file operations that taking a report needs. */
export interface ConfigfsReports {
  /** Makes a report directory that did not exist before. */
  create(name: string): Promise<ConfigfsReport>;
}

/**
 * The kernel's reports.
 *
 * @param directory - where configfs-tsm is mounted
 * @returns the real file operations
 */
export function configfsReports(directory: string = TSM_REPORT_DIRECTORY): ConfigfsReports {
  return {
    async create(name) {
      const path = join(directory, name);
      await mkdir(path);
      return {
        read: (attribute, maxBytes) => readAttributeFile(join(path, attribute), maxBytes),
        write: (attribute, value) => writeAttributeFile(join(path, attribute), value),
        remove: () => rmdir(path),
      };
    },
  };
}
