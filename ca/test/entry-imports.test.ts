// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const IMPORTS = /(?:\bfrom |\bimport |\bimport\()'([^']+)'/g;

/** Every package and Node module that a source file imports, itself or through a file of this package. */
function packagesBehind(entry: URL, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  seen.add(entry.href);
  for (const [, specifier = ''] of readFileSync(entry, 'utf8').matchAll(IMPORTS)) {
    const file = new URL(specifier, entry);
    if (!specifier.startsWith('.')) packages.add(specifier);
    else if (!seen.has(file.href)) packagesBehind(file, seen).forEach((name) => packages.add(name));
  }
  return packages;
}

describe('what an entry of this package loads', () => {
  it('is Node and evidence alone where leaves are issued', () => {
    const packages = packagesBehind(new URL('../src/index.ts', import.meta.url));
    expect(packages).toContain('@proofgate/evidence');
    const others = [...packages].filter((name) => !name.startsWith('node:'));
    expect(others).toEqual(['@proofgate/evidence']);
  });

  it('has a certificate library where authorities are made', () => {
    const packages = packagesBehind(new URL('../src/authorities/index.ts', import.meta.url));
    expect(packages).toContain('@peculiar/x509');
    expect(packages).toContain('reflect-metadata');
  });
});
