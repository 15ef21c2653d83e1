// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { vmConfigSchema } from './vm-config.ts';

/** Where the schema file is, relative to the repository; the file's own `$id` is its last part. */
export const VM_CONFIG_JSON_SCHEMA_FILE = 'docs/schema/proofgate.config.schema.json';

/**
 * The JSON Schema (draft 2020-12) of the VM's config file, for editors. It tells fields, types, choices and defaults;
 * rules across fields are checked when the file is read.
 */
export function vmConfigJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $id: 'proofgate.config.schema.json',
    title: 'Proofgate VM configuration',
    ...z.toJSONSchema(vmConfigSchema, { io: 'input' }),
  };
}
