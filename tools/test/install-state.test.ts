// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstDifference, reasonToInstall, recordInstall } from '../install-state.mjs';

const locked = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/only-on-mac': { version: '1.0.0', optional: true },
  },
};
const installed = { packages: { 'node_modules/a': { version: '1.0.0' } } };

describe('firstDifference', () => {
  test('ignores optional packages of other platforms', () => {
    expect(firstDifference(locked, installed)).toBeUndefined();
  });
  test('names a package that is missing or of another version', () => {
    expect(firstDifference(locked, { packages: {} })).toBe('node_modules/a');
    const other = { packages: { 'node_modules/a': { version: '1.0.1' } } };
    expect(firstDifference(locked, other)).toBe('node_modules/a');
  });
});

describe('reasonToInstall', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'install-state-'));
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify(locked));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function pretendInstalled(content: unknown): void {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify(content));
  }

  test('a fresh clone needs one', () => {
    expect(reasonToInstall(root)).toContain('not installed');
  });
  test('an installation by hand is adopted', () => {
    pretendInstalled(installed);
    expect(reasonToInstall(root)).toBeUndefined();
  });
  test('an incomplete one is not', () => {
    pretendInstalled({ packages: {} });
    expect(reasonToInstall(root)).toContain('node_modules/a');
  });
  test('a changed lock file needs another one, until that is recorded', () => {
    pretendInstalled(installed);
    recordInstall(root);
    expect(reasonToInstall(root)).toBeUndefined();
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ ...locked, changed: true }));
    expect(reasonToInstall(root)).toContain('changed');
    recordInstall(root);
    expect(reasonToInstall(root)).toBeUndefined();
  });
});
