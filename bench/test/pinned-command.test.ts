// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { pinned } from '@proofgate/bench';

test('puts taskset in front when there is a core', () => {
  expect(pinned(['node', 'a.js'], undefined)).toEqual({ command: 'node', args: ['a.js'] });
  expect(pinned(['node', 'a.js'], 1)).toEqual({
    command: 'taskset',
    args: ['-c', '1', 'node', 'a.js'],
  });
});
