// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_WORKER_ID, vmConfigSchema, workerUser, type PlatformConfig } from '@proofgate/api';
import { describe, expect, test } from 'vitest';

function platform(ids: object): PlatformConfig {
  const files = { ca_cert: '/ca.pem', ca_key: '/ca.key' };
  return vmConfigSchema.parse({ version: '1', platform: { ...files, ...ids } }).platform;
}

describe('workerUser', () => {
  const root = { uid: 0, gid: 0 };

  test('root gives its workers an id of their own', () => {
    const user = { uid: DEFAULT_WORKER_ID, gid: DEFAULT_WORKER_ID };
    expect(workerUser(platform({}), root)).toEqual(user);
  });

  test('the file may name it', () => {
    const ids = { worker_uid: 1001, worker_gid: 1002 };
    expect(workerUser(platform(ids), root)).toEqual({ uid: 1001, gid: 1002 });
  });

  test('nobody else can switch', () => {
    const ids = { worker_uid: 1001, worker_gid: 1002 };
    expect(workerUser(platform(ids), { uid: 1000, gid: 1000 })).toBeUndefined();
  });
});
