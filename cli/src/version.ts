// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  // Our own package file: its shape is ours, and a test compares the version.
) as { version: string };

/** The version of this package. */
export const VERSION: string = version;
