// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../prepare.mjs';
import { sourceFiles } from '../source-files.mjs';

interface Manifest {
  readonly bin?: Readonly<Record<string, string>>;
}

const manifests = sourceFiles(/^[^/]+\/package\.json$/);

// npm links a command only when its file is there at installation. Without the link, `npx proofgate` runs whatever the
// public registry has under that name.
test('commands are files that are there before anything is built', () => {
  const sources = new Set(sourceFiles());
  const commands = manifests.flatMap((path) => {
    const { bin = {} } = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest;
    return Object.values(bin).map((file) => join(path, '..', file));
  });
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    expect(sources).toContain(command);
    accessSync(join(ROOT, command), constants.X_OK);
  }
});
