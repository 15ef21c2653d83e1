// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Manifest {
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

function thirdParty(folder: string): [string, string][] {
  const manifest = JSON.parse(read(`${folder}/package.json`)) as Manifest;
  const all = { ...manifest.dependencies, ...manifest.devDependencies };
  return Object.entries(all).filter(([name]) => !name.startsWith('@proofgate/'));
}

test('docs/dependencies.md has every package that is installed, at its version', () => {
  const { workspaces = [] } = JSON.parse(read('package.json')) as Manifest;
  const doc = read('docs/dependencies.md');
  const installed = ['.', ...workspaces].flatMap(thirdParty);
  expect(installed.length).toBeGreaterThan(10);
  const missing = installed.filter(([name, version]) => {
    const line = doc.split('\n').find((text) => text.includes(`\`${name}\``));
    return line?.includes(version) !== true;
  });
  expect(missing).toEqual([]);
});
