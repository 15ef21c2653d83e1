// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  commandJsonSchemas,
  MANAGEMENT_ENDPOINTS,
  MANAGEMENT_OPENAPI_FILE,
  managementOpenApi,
} from '@proofgate/api';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}api/package.json`, 'utf8')) as {
  version: string;
};
const DOCUMENT = managementOpenApi(version);

/** `npx vitest run api/test/management -u` writes the files anew. */
const asFile = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Every value below a value, with its path. */
function* walk(value: unknown, path = '#'): Generator<[path: string, value: unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* walk(inner, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}

describe('the OpenAPI document', () => {
  test('is what the file in docs/openapi holds', async () => {
    await expect(asFile(DOCUMENT)).toMatchFileSnapshot(`${ROOT}${MANAGEMENT_OPENAPI_FILE}`);
  });

  test('comes out the same every time', () => {
    expect(asFile(managementOpenApi(version))).toBe(asFile(DOCUMENT));
  });

  test('has every endpoint once, with a name of its own', () => {
    const operations = Object.entries(DOCUMENT['paths'] as Record<string, object>).flatMap(
      ([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const endpoints = Object.values(MANAGEMENT_ENDPOINTS).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(operations.toSorted()).toEqual(endpoints.toSorted());
    expect(new Set(endpoints).size).toBe(endpoints.length);
  });

  test('has no reference that leads nowhere', () => {
    const all = new Map(walk(DOCUMENT));
    const references = [...all].filter(([path]) => path.endsWith('/$ref')).map(([, ref]) => ref);
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((ref) => !all.has(String(ref)))).toEqual([]);
  });

  test('asks for a token wherever somebody must be somebody', () => {
    for (const { method, path, role } of Object.values(MANAGEMENT_ENDPOINTS)) {
      const item = (DOCUMENT['paths'] as Record<string, Record<string, { security: unknown }>>)[
        path
      ]!;
      expect(item[method.toLowerCase()]!.security, path).toEqual(
        role === 'none' ? [] : [{ oidc: [] }],
      );
    }
  });

  test('describes both forms of a load request', () => {
    const { Container, EnclaveOsLoadRequest } = (
      DOCUMENT['components'] as {
        schemas: Record<string, { properties: Record<string, unknown>; required: string[] }>;
      }
    ).schemas;
    expect(Container).toMatchObject({ additionalProperties: false, required: ['name', 'port'] });
    expect(EnclaveOsLoadRequest).toMatchObject({
      additionalProperties: false,
      required: ['name', 'image', 'port'],
      properties: {
        image: Container!.properties['image'],
        health_check: Container!.properties['health_check'],
        resources: { properties: { vcpus: {}, memory_mb: {} } },
        key_handle: { not: {} },
      },
    });
    expect(EnclaveOsLoadRequest!.properties).not.toHaveProperty('env');
  });
});

describe('the JSON Schemas of the commands', () => {
  test.each(Object.entries(commandJsonSchemas()))(
    '%s is what the file holds',
    async (file, schema) => {
      expect(schema['$id']).toBe(file);
      expect(schema['$schema']).toContain('2020-12');
      await expect(asFile(schema)).toMatchFileSnapshot(`${ROOT}docs/schema/${file}`);
    },
  );
});
