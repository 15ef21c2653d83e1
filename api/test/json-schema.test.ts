// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { VM_CONFIG_JSON_SCHEMA_FILE, vmConfigJsonSchema } from '@proofgate/api';

const file = new URL(`../../${VM_CONFIG_JSON_SCHEMA_FILE}`, import.meta.url);

describe('vmConfigJsonSchema', () => {
  test('is what the file in docs/schema holds', () => {
    const text = readFileSync(file, 'utf8');
    expect(text).toBe(`${JSON.stringify(vmConfigJsonSchema(), null, 2)}\n`);
  });

  test('describes what a person writes, not what the reader makes of it', () => {
    const schema = vmConfigJsonSchema();
    expect(schema).toMatchObject({
      type: 'object',
      required: ['version', 'platform'],
      additionalProperties: false,
      properties: {
        platform: {
          additionalProperties: false,
          properties: {
            listen: { type: 'string', default: '0.0.0.0:443' },
            leaf_lifetime: { type: 'string', default: '24h' },
          },
        },
        containers: { items: { required: ['name', 'port'], additionalProperties: false } },
      },
    });
  });
});
