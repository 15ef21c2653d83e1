// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import { runLoad } from '@proofgate/bench';
import { fetchFrom } from './support/https-request.ts';
import { testWithStack } from './support/stack-test.ts';

const it = testWithStack();

it('answers 10,000 requests on 64 connections without one error', async ({ stack }) => {
  const { hostname, port, ca } = stack.hello;
  const result = await runLoad({
    host: '127.0.0.1',
    port,
    servername: hostname,
    ca,
    path: '/',
    expectedBody: (await fetchFrom(stack.hello, '/')).body,
    connections: 64,
    mode: 'keep-alive',
    until: { requests: 10_000 },
  });
  expect(result).toMatchObject({ requests: 10_000, errors: 0, errorKinds: {} });
});
