// SPDX-License-Identifier: Apache-2.0
import { test as base } from 'vitest';
import { policyOf, type SystemPolicy } from './policy.ts';
import type { ConfigChanges } from './stack-config.ts';
import { startStack, type Stack } from './stack.ts';

/**
 * `test` with a running stack that the tests of one file share. It is started for the first of them and is gone after
 * the last, however they end. A test that fails shows the end of the stack's log. `policy` is what a client of this
 * stack may demand.
 */
export function testWithStack(changes: ConfigChanges = {}) {
  return base
    .extend('stack', { scope: 'file' }, async ({}, { onCleanup }): Promise<Stack> => {
      const stack = await startStack(changes);
      onCleanup(() => stack.remove());
      return stack;
    })
    .extend('policy', { scope: 'file' }, ({ stack }): Promise<SystemPolicy> => policyOf(stack))
    .extend('logOnFailure', { auto: true }, ({ stack, onTestFailed }) => {
      onTestFailed(() => {
        console.error(stack.logTail());
      });
      return true;
    });
}
