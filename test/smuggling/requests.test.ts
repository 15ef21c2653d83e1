// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithProgram } from '../system/support/external-programs.ts';
import { ALL_CASES } from './cases/all-cases.ts';
import { checkCase, type Setting } from './support/check-case.ts';
import { startFront, type Front } from './support/front.ts';
import { startNginx, type Nginx } from './support/nginx.ts';
import { startRecorder, type Recorder } from './support/recorder.ts';
import type { WireCase } from './wire-case.ts';

it('has enough cases, each with a name of its own', () => {
  const names = new Set(ALL_CASES.map(({ name }) => name));
  expect(names.size).toBe(ALL_CASES.length);
  expect(names.size).toBeGreaterThanOrEqual(150);
});

/** Cutting megabytes into bytes shows nothing that a kilobyte does not. */
const MAX_CUT_BYTES = 1_000;
/** Every case is cut in one of two ways. */
const CUT_CASES = ALL_CASES.filter(({ bytes }) => bytes.length <= MAX_CUT_BYTES).map(
  (wire, index) => [index % 2 === 0 ? 'lines' : 'bytes', wire.name, wire] as const,
);

const named = (cases: readonly WireCase[]) => cases.map((wire) => [wire.name, wire] as const);

describe('in front of node:http', () => {
  let recorder: Recorder;
  let front: Front;
  const setting = (): Setting => ({ port: front.port, parser: 'node', recorder });

  beforeAll(async () => {
    recorder = await startRecorder();
    front = await startFront(recorder.port);
  });
  afterAll(async () => {
    await front.close();
    await recorder.close();
  });

  it.each(named(ALL_CASES))('%s', (_, wire) => checkCase(wire, setting()));
  it.each(CUT_CASES)('cut into %s: %s', (cut, _, wire) => checkCase(wire, setting(), cut));
});

describeWithProgram('nginx', 'in front of nginx', () => {
  let recorder: Recorder;
  let nginx: Nginx;
  let front: Front;
  const setting = (): Setting => ({ port: front.port, parser: 'nginx', recorder });

  beforeAll(async () => {
    recorder = await startRecorder();
    nginx = await startNginx(recorder.port);
    front = await startFront(nginx.port);
  });
  afterAll(async () => {
    await front.close();
    await nginx.close();
    await recorder.close();
  });

  it.each(named(ALL_CASES))('%s', (_, wire) => checkCase(wire, setting()));

  it('has been sent nothing that it could not read', async () => {
    // Requests that the proxy has broken off itself are known to nginx by their target.
    const statuses = (await nginx.answered())
      .filter((line) => !/^(?:200|(?:400|499) \S+ \/\S+$)/.test(line))
      .map((line) => line.slice(0, 3));
    const refused = ALL_CASES.flatMap(({ outcome }) => outcome.seen).flatMap(
      ({ refusedBy }) => refusedBy?.nginx ?? [],
    );
    expect(statuses.sort()).toEqual(refused.map(String).sort());
  });
});
