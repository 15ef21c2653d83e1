// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  containerdError,
  grpcStatus,
  ignoreMissing,
  isOutage,
  isRefusal,
  undefinedIfMissing,
} from '../../src/containerd/containerd-error.ts';

const PATH = '/containerd.services.tasks.v1.Tasks/Create';

function failure(code: number, details = 'because'): Error {
  return Object.assign(new Error(`${String(code)} X: ${details}`), { code, details });
}

test.each([
  ...['CANCELLED', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'ABORTED', 'INTERNAL'],
  'UNAVAILABLE',
] as const)('takes %s for an outage', (name) => {
  const error = containerdError(PATH, failure(status[name]));
  expect(error).toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
    family: 'unavailable',
    message: 'containerd did not complete Tasks/Create: because',
  });
  expect([grpcStatus(error), isRefusal(error), isOutage(error)]).toEqual([
    status[name],
    false,
    true,
  ]);
});

test.each([
  ...['UNKNOWN', 'INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED'],
  ...['FAILED_PRECONDITION', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'DATA_LOSS', 'UNAUTHENTICATED'],
] as const)('takes %s for a refusal', (name) => {
  const error = containerdError(PATH, failure(status[name as keyof typeof status]));
  expect(error).toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    family: 'rejected',
    message: 'containerd refused Tasks/Create: because',
  });
  expect([isRefusal(error), isOutage(error)]).toEqual([true, false]);
});

test('bounds what it repeats of the words of others', () => {
  const { message } = containerdError(PATH, failure(status.UNKNOWN, 'x'.repeat(10_000)));
  expect(message.length).toBeLessThan(600);
});

test('takes anything else for a refusal, too', () => {
  expect(containerdError(PATH, new Error('odd'))).toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    message: 'containerd refused Tasks/Create: odd',
  });
  expect(containerdError(PATH, 'odd').message).toContain('odd');
  expect(grpcStatus(new Error('odd'))).toBeUndefined();
  expect(isRefusal(new Error('odd'))).toBe(false);
});

test('goes on when what was asked for is not there, and only then', () => {
  const missing = containerdError(PATH, failure(status.NOT_FOUND));
  ignoreMissing(missing);
  expect(undefinedIfMissing(missing)).toBeUndefined();
  const other = containerdError(PATH, failure(status.UNKNOWN));
  expect(() => {
    ignoreMissing(other);
  }).toThrow(other);
  expect(() => undefinedIfMissing(other)).toThrow(other);
});
