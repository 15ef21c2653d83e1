// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { managerHostname, workloadHostname } from '@proofgate/api';

describe('derived host names', () => {
  test('have the machine between name and platform', () => {
    const platform = { hostname: 'example.com', machine_name: 'prod1' };
    expect(workloadHostname('myapp', platform)).toBe('myapp.prod1.example.com');
    expect(managerHostname(platform)).toBe('manager.prod1.example.com');
  });

  test('do without a machine', () => {
    expect(workloadHostname('myapp', { hostname: 'vm.example.com' })).toBe('myapp.vm.example.com');
  });

  test('do not exist without a platform host name', () => {
    expect(workloadHostname('myapp', { machine_name: 'prod1' })).toBeUndefined();
    expect(managerHostname({})).toBeUndefined();
  });
});
