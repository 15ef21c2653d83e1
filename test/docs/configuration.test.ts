// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSpans, readPage, ROOT, sectionOf, tableRows } from './support/markdown-page.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const PAGE = readPage('docs/configuration.md');
// Sound: the schema is generated, and only what every JSON Schema has is read.
const SCHEMA = JSON.parse(
  readFileSync(join(ROOT, 'docs/schema/proofgate.config.schema.json'), 'utf8'),
) as Schema;

/** The parts of the file that have a section with a table. */
const SECTIONS: ReadonlyMap<string, string> = new Map([
  ['platform', '## `platform`'],
  ['platform.containers', '## `platform.containers`'],
  ['platform.limits', '## `platform.limits`'],
  ['containers', '## `containers[]`'],
  ['routes', '## `routes[]`'],
]);
/** Members of Enclave OS manifests that are accepted and not read; what is below them is not ours to describe. */
const OPAQUE = ['management', 'control_plane', 'dependencies', 'ingress_allowed_callers'];

function membersOf({ properties = {}, items }: Schema): [string, Schema][] {
  return Object.entries({ ...properties, ...items?.properties });
}

/** Keys of a part of the file and, with dots, those below them that have no section of their own. */
function keysOf(part: string): readonly string[] {
  const schema = part
    .split('.')
    .reduce<Schema>((above, key) => above.properties?.[key] ?? {}, SCHEMA);
  return membersOf(schema).flatMap(([key, inner]) => {
    const closed = SECTIONS.has(`${part}.${key}`) || OPAQUE.includes(key);
    return [key, ...(closed ? [] : membersOf(inner).map(([below]) => `${key}.${below}`))];
  });
}

/** A row of a table: the keys it is about, and everything that it mentions. */
interface Row {
  readonly keys: readonly string[];
  readonly mentioned: readonly string[];
}

function rowsOf(heading: string): readonly Row[] {
  return tableRows(sectionOf(PAGE, heading))
    .slice(1)
    .map((cells) => ({ keys: codeSpans(cells[0] ?? ''), mentioned: codeSpans(cells.join(' ')) }));
}

/** A key has a row, or stands in the row of the key above it, or only what is below it has rows. */
function isDescribed(key: string, rows: readonly Row[]): boolean {
  const [above = '', below] = key.split('.');
  return rows.some(
    ({ keys, mentioned }) =>
      keys.includes(key) ||
      (below === undefined
        ? keys.some((named) => named.startsWith(`${key}.`))
        : keys.includes(above) && mentioned.includes(below)),
  );
}

describe('docs/configuration.md', () => {
  it('has a section for every part of the file', () => {
    const parts = [...SECTIONS.keys()].filter((part) => !part.includes('.'));
    expect(Object.keys(SCHEMA.properties ?? {})).toEqual(['version', ...parts]);
  });

  it.each([...SECTIONS])('describes every key of %s, and no other', (part, heading) => {
    const keys = keysOf(part);
    const rows = rowsOf(heading);
    expect(keys.filter((key) => !isDescribed(key, rows))).toEqual([]);
    expect(rows.flatMap((row) => row.keys).filter((key) => !keys.includes(key))).toEqual([]);
  });
});
