// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const IMPORTS = /(?:\bfrom |\bimport |\bimport\()'([^']+)'/g;
const PACKAGE = new URL('../../', import.meta.url);

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

// Sound: npm reads the same members of the same file.
const manifest = JSON.parse(readFileSync(new URL('package.json', PACKAGE), 'utf8')) as Manifest;

/** Every package that a source file imports, itself or through a file of this package. */
function packagesBehind(file: URL, seen = new Set<string>()): string[] {
  seen.add(file.href);
  return [...readFileSync(file, 'utf8').matchAll(IMPORTS)].flatMap(([, specifier = '']) => {
    if (!specifier.startsWith('.')) return [specifier];
    const next = new URL(specifier, file);
    return seen.has(next.href) ? [] : packagesBehind(next, seen);
  });
}

function thirdParties(entry: string): string[] {
  const conditions = manifest.exports[entry];
  const source = typeof conditions === 'object' ? conditions['@proofgate/source'] : undefined;
  const packages = packagesBehind(new URL(source ?? '', PACKAGE));
  return [...new Set(packages)].filter((name) => !/^(?:node:|@proofgate\/)/.test(name)).sort();
}

describe('what an entry of this package loads', () => {
  it.each([
    ['.', []],
    ['./node', []],
    ['./undici', ['undici']],
    ['./grpc', ['@grpc/grpc-js']],
    ['./ws', ['ws']],
    ['./ita', ['jose']],
  ])('%s: %j', (entry, expected) => {
    expect(thirdParties(entry)).toEqual(expected);
  });

  it('is optional where it is not ours', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith('.json'));
    const used = new Set(entries.flatMap(thirdParties));
    expect(Object.keys(manifest.peerDependencies).sort()).toEqual([...used].sort());
    for (const name of used)
      expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(Object.keys(manifest.dependencies)).toEqual(['@proofgate/evidence']);
  });
});
