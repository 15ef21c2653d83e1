// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { describe, type SuiteFactory } from 'vitest';

/**
 * A group of tests that talk through a program outside of npm. Where it is missing the group is skipped and its title
 * says why; on a CI machine that is an error.
 */
export function describeWithProgram(program: string, title: string, tests: SuiteFactory): void {
  // Whatever it makes of the argument: what counts is that it can be run.
  const found = spawnSync(program, ['--version']).error === undefined;
  if (!found && process.env['CI'] !== undefined) throw new Error(`CI needs ${program}`);
  const name = found ? title : `${title} (skipped: no ${program} on this machine)`;
  describe.skipIf(!found)(name, tests);
}
