// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { measureRounds, type LoadOutcome, type Rounds } from '@proofgate/bench';

const OURS = 1001;
const PEER = 1002;

function rounds(run: (port: number) => LoadOutcome, more: Partial<Rounds> = {}): Rounds {
  return {
    // This process stands for both: what it uses is not looked at here.
    contenders: [
      { name: 'ours', pid: process.pid, port: OURS },
      { name: 'peer', pid: process.pid, port: PEER },
    ],
    pace: { rounds: 3 },
    run: (port) => Promise.resolve(run(port)),
    mayFail: () => false,
    onProgress: () => undefined,
    ...more,
  };
}

const outcome = (perSecond: number): LoadOutcome => ({ operations: 100, perSecond, p99: 1 });

test('takes rounds in turn, in changing order, and leaves the warm-up out', async () => {
  const ports: number[] = [];
  const samples = await measureRounds(
    rounds((port) => {
      ports.push(port);
      // The warm-up would spoil the medians.
      return outcome(ports.length <= 2 ? 1_000_000 : port);
    }),
  );
  expect(ports).toEqual([OURS, PEER, PEER, OURS, OURS, PEER, PEER, OURS]);
  expect(samples.get('ours')?.map(({ perSecond }) => perSecond)).toEqual([OURS, OURS, OURS]);
  expect(samples.get('peer')?.map(({ perSecond }) => perSecond)).toEqual([PEER, PEER, PEER]);
});

test('goes on without a contender that cannot do it, if it may', async () => {
  const messages: string[] = [];
  const samples = await measureRounds(
    rounds(
      (port) => {
        if (port === OURS) throw new Error('no HTTP/2\nat all');
        return outcome(port);
      },
      { mayFail: (name) => name === 'ours', onProgress: (message) => messages.push(message) },
    ),
  );
  expect([...samples.keys()]).toEqual(['peer']);
  expect(messages).toEqual(['ours cannot do this: no HTTP/2']);
});

test('a failed load spoils the measurement of one that may not fail', async () => {
  const failing = rounds((port) => {
    if (port === PEER) throw new Error('2 answers were not 2xx');
    return outcome(port);
  });
  await expect(measureRounds(failing)).rejects.toThrow('2 answers were not 2xx');
});
