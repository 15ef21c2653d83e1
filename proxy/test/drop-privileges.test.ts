// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { dropPrivileges, type PrivilegedProcess } from '../src/worker/drop-privileges.ts';

/** A process that obeys, except for the calls named. */
function fakeProcess(
  uid: number,
  ignored: readonly string[] = [],
): PrivilegedProcess & { calls: string[] } {
  const ids = { uid, gid: uid, groups: [uid, 4, 27] };
  const calls: string[] = [];
  const call = (name: string, change: () => void): void => {
    calls.push(name);
    if (!ignored.includes(name)) change();
  };
  return {
    calls,
    getuid: () => ids.uid,
    getgid: () => ids.gid,
    getgroups: () => ids.groups,
    setgroups: (groups) => call('setgroups', () => (ids.groups = groups)),
    setgid: (id) => call('setgid', () => (ids.gid = id)),
    setuid: (id) => call('setuid', () => (ids.uid = id)),
  };
}

const IDS = { uid: 1_000, gid: 1_001 };

describe('a worker that starts as root', () => {
  it('gives up its groups, its group and its user, in this order', () => {
    const process = fakeProcess(0);
    expect(dropPrivileges(process, IDS)).toBe(true);
    expect(process.calls).toEqual(['setgroups', 'setgid', 'setuid']);
    expect(process.getuid?.()).toBe(1_000);
  });

  it.each(['setgroups', 'setgid', 'setuid'])('refuses to go on when %s had no effect', (name) => {
    expect(() => dropPrivileges(fakeProcess(0, [name]), IDS)).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_PRIVILEGES' }),
    );
  });

  it.each([
    { uid: 0, gid: 1_001 },
    { uid: 1_000, gid: 0 },
  ])('refuses to become $uid:$gid', (ids) => {
    const process = fakeProcess(0);
    expect(() => dropPrivileges(process, ids)).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_PRIVILEGES' }),
    );
    expect(process.calls).toEqual([]);
  });

  it('refuses to go on when the kernel refuses', () => {
    const process: PrivilegedProcess = {
      ...fakeProcess(0),
      setgid: () => {
        throw new Error('EPERM');
      },
    };
    expect(() => dropPrivileges(process, IDS)).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_PRIVILEGES' }),
    );
  });
});

describe('a worker that is not root', () => {
  it('stays who it is', () => {
    const process = fakeProcess(1_234);
    expect(dropPrivileges(process, IDS)).toBe(false);
    expect(process.calls).toEqual([]);
  });
});
