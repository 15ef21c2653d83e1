// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, loadYaml } from '@proofgate/daemon';

const KEYS = ['hostname', 'port', 'machine_name'];
const schema = z.strictObject(Object.fromEntries(KEYS.map((key) => [key, z.string().optional()])));

function hintFor(key: string): string | undefined {
  try {
    loadYaml(`${key}: x`, schema, 'f');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems[0]?.hint;
    throw error;
  }
  throw new Error('the key was accepted');
}

const ALLOWED = `allowed: ${KEYS.join(', ')}`;

describe('the hint for an unknown key', () => {
  test.each([
    ['a letter too few', 'hostnme', 'hostname'],
    ['a letter too many', 'hostnamee', 'hostname'],
    ['another letter', 'hostnane', 'hostname'],
    ['two letters in the wrong order', 'prot', 'port'],
    ['two pairs in the wrong order', 'ohstnmae', 'hostname'],
    ['capitals', 'HostName', 'hostname'],
    ['three edits', 'machinname2', 'machine_name'],
    ['another separator', 'machine-name', 'machine_name'],
  ])('with %s names the nearest one', (_what, key, nearest) => {
    expect(hintFor(key)).toBe(`did you mean "${nearest}"? ${ALLOWED}`);
  });

  test.each([
    ['four edits', 'machinname2x'],
    ['nothing alike', 'xxxx'],
    ['too few letters to tell', 'p'],
    ['more letters than any key has', `hostname${'e'.repeat(60)}`],
  ])('with %s lists what is allowed', (_what, key) => {
    expect(hintFor(key)).toBe(ALLOWED);
  });
});
