// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { processLimitIn } from '../../src/podman/open-podman.ts';
import { podmanContainerOf, podmanContainersOf } from '../../src/podman/podman-container.ts';

const ANSWER = {
  Name: 'app-1',
  Image: 'e'.repeat(64),
  Config: { Labels: { 'proofgate.owner': 'a', number: 1 } },
  State: { Status: 'running', Pid: 12, ConmonPid: 11, ExitCode: 0, OOMKilled: false },
};

test('one container', () => {
  expect(podmanContainerOf(ANSWER)).toEqual({
    id: 'app-1',
    labels: { 'proofgate.owner': 'a' },
    state: 'running',
    pid: 12,
    watcherPid: 11,
    imageId: ANSWER.Image,
    exitCode: 0,
    outOfMemory: false,
  });
});

test.each([
  ['configured', 'created'],
  ['created', 'created'],
  ['initialized', 'created'],
  ['running', 'running'],
  ['paused', 'running'],
  ['stopping', 'running'],
  ['stopped', 'stopped'],
  ['exited', 'stopped'],
  ['removing', 'stopped'],
])('%s is %s', (Status, state) => {
  const container = podmanContainerOf({ ...ANSWER, State: { Status, Pid: 0, ExitCode: -1 } });
  expect(container).toMatchObject({ state, pid: undefined, watcherPid: undefined, exitCode: -1 });
});

test('a list', () => {
  const entry = { Id: 'f'.repeat(64), Names: ['app-1'], Labels: null, State: 'exited', Pid: 0 };
  const nameless = { ...entry, Names: null, Labels: { a: 'b' }, State: 'running', Pid: 5 };
  expect(podmanContainersOf([entry, nameless])).toEqual([
    { id: 'app-1', labels: {}, state: 'stopped', pid: undefined },
    { id: entry.Id, labels: { a: 'b' }, state: 'running', pid: 5 },
  ]);
  expect(podmanContainersOf(null)).toEqual([]);
});

test.each([
  ['no object', 'x'],
  ['an unknown state', { ...ANSWER, State: { ...ANSWER.State, Status: 'dreaming' } }],
  ['no exit code', { ...ANSWER, State: { Status: 'exited' } }],
  ['no name', { ...ANSWER, Name: 1 }],
  ['labels that are a list', { ...ANSWER, Config: { Labels: [] } }],
])('an answer with %s is refused', (_what, answer) => {
  expect(() => podmanContainerOf(answer)).toThrowError(
    expect.objectContaining({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' }),
  );
});

test('a list that is none is refused', () => {
  expect(() => podmanContainersOf({})).toThrowError(
    expect.objectContaining({ code: 'ERR_LAUNCHER_ENGINE_REFUSED', seen: 'object' }),
  );
});

test.each([
  ['Max processes             96365                96365                processes \n', 96_365],
  ['Max processes             100                  unlimited            processes \n', 4_194_304],
  ['Max processes             100                  9999999999           processes \n', 4_194_304],
  ['', 4_194_304],
])('the largest number of processes in "%s"', (text, expected) => {
  expect(processLimitIn(text)).toBe(expected);
});
