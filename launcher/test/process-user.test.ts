// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { processUser, WORKLOAD_UID_BASE, WORKLOAD_UID_COUNT } from '../src/process/process-user.ts';

const ROOT = { uid: 0, gid: 0 };
const PERSON = { uid: 1000, gid: 1001 };

describe('the user of a process workload', () => {
  test('is its own below root, the same every time', () => {
    const web = processUser('web', '/a', undefined, ROOT);
    expect(web).toEqual(processUser('web', '/a', undefined, ROOT));
    expect(web?.exclusive).toBe(true);
    expect(web?.uid).toBe(web?.gid);
    expect(web?.uid).toBeGreaterThanOrEqual(WORKLOAD_UID_BASE);
    expect(web?.uid).toBeLessThan(WORKLOAD_UID_BASE + WORKLOAD_UID_COUNT);
    expect(processUser('api', '/a', undefined, ROOT)?.uid).not.toBe(web?.uid);
    expect(processUser('web', '/b', undefined, ROOT)?.uid, 'another launcher').not.toBe(web?.uid);
  });

  test('is the declared one, which others may have as well', () => {
    expect(processUser('web', '/a', { uid: 5, gid: 6 }, ROOT)).toEqual({
      uid: 5,
      gid: 6,
      exclusive: false,
    });
  });

  test('is the launcher itself where it is not root', () => {
    expect(processUser('web', '/a', undefined, PERSON)).toBeUndefined();
    expect(processUser('web', '/a', PERSON, PERSON)).toBeUndefined();
  });

  test('is refused when the launcher cannot switch to it', () => {
    for (const other of [
      { uid: 1000, gid: 5 },
      { uid: 5, gid: 1001 },
    ]) {
      expect(() => processUser('web', '/a', other, PERSON)).toThrow(
        expect.objectContaining({ code: 'ERR_LAUNCHER_USER_INVALID', expected: '1000:1001' }),
      );
    }
  });
});
