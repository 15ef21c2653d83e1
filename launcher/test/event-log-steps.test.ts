// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasurementRegister } from '@proofgate/attester';
import { extendRegister, replayRuntimeEvents, type RuntimeEvent } from '@proofgate/evidence';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../src/measurement/event-log.ts';
import { temporaryDirectory } from './fixtures.ts';

const load = (name: string, digit = '1'): RuntimeEvent => ({
  type: 'proofgate.workload.load',
  name,
  image_ref: 'process:/x',
  image_digest: digit.repeat(64),
  config_root: digit.repeat(64),
  spec_digest: digit.repeat(64),
});
const unload = (name: string): RuntimeEvent => ({ type: 'proofgate.workload.unload', name });

/** What replaces one version by another in the log. */
const BEFORE = [load('a'), load('a', '2')];
const STEP = [unload('a'), load('a', '2')];

/** A register that behaves as RTMR3 does, and stops working after so many extensions. */
function register(start: readonly RuntimeEvent[]): MeasurementRegister & { works: number } {
  let value = replayRuntimeEvents(start);
  return {
    works: Number.POSITIVE_INFINITY,
    read: () => Promise.resolve(value.slice()),
    extend(digest) {
      if (this.works === 0) return Promise.reject(new Error('busy'));
      this.works -= 1;
      value = extendRegister(value, digest);
      return Promise.resolve();
    },
  };
}

async function opened(rtmr3: MeasurementRegister): Promise<{ path: string; log: EventLog }> {
  const path = join(await temporaryDirectory(), 'event-log.json');
  await writeFile(path, JSON.stringify({ version: 1, events: BEFORE, pending: null }));
  return { path, log: await EventLog.open(path, rtmr3) };
}

const stored = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

describe('events that are one step', () => {
  test('appear together', async () => {
    const rtmr3 = register(BEFORE);
    const { log, path } = await opened(rtmr3);
    const seen: number[] = [];
    const extend = rtmr3.extend.bind(rtmr3);
    rtmr3.extend = async (digest) => {
      seen.push(log.events.length);
      await extend(digest);
      seen.push(log.events.length);
    };
    await log.record(...STEP);
    expect(seen).toEqual([2, 2, 2, 2]);
    expect(log.events).toEqual([...BEFORE, ...STEP]);
    expect(await stored(path)).toMatchObject({ events: log.events, pending: null });
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(log.events));
  });

  test.each([
    ['none', 0, BEFORE],
    ['one', 1, [...BEFORE, ...STEP]],
    ['all', 2, [...BEFORE, ...STEP]],
  ])('are completed after a crash if %s of them counts already', async (_what, counted, events) => {
    const path = join(await temporaryDirectory(), 'event-log.json');
    await writeFile(path, JSON.stringify({ version: 1, events: BEFORE, pending: STEP }));
    const rtmr3 = register([...BEFORE, ...STEP.slice(0, counted)]);
    const log = await EventLog.open(path, rtmr3);
    expect(log.events).toEqual(events);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(events));
    expect(await stored(path)).toMatchObject({ events, pending: null });
  });

  test('are not shown in part while the register does not work, and are completed when it does', async () => {
    const rtmr3 = register(BEFORE);
    const { log, path } = await opened(rtmr3);
    rtmr3.works = 1;
    const code = 'ERR_LAUNCHER_EVENT_LOG_UNSETTLED';
    await expect(log.record(...STEP)).rejects.toMatchObject({ code, family: 'unavailable' });
    expect(log.events).toEqual(BEFORE);
    expect(await stored(path)).toMatchObject({ events: BEFORE, pending: STEP });
    await expect(log.record(load('b'))).rejects.toMatchObject({ code });
    rtmr3.works = Number.POSITIVE_INFINITY;
    await log.record(load('b'));
    expect(log.events).toEqual([...BEFORE, ...STEP, load('b')]);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(log.events));
  });

  test('leave the log as it was when not even the first counts', async () => {
    const rtmr3 = register(BEFORE);
    const { log, path } = await opened(rtmr3);
    rtmr3.works = 0;
    await expect(log.record(...STEP)).rejects.toThrow('busy');
    expect(log.events).toEqual(BEFORE);
    expect(await stored(path)).toMatchObject({ events: BEFORE, pending: null });
  });

  test('that are none change nothing', async () => {
    const { log } = await opened(register(BEFORE));
    await log.record();
    expect(log.events).toEqual(BEFORE);
  });
});

describe('steps that are asked for while another one is recorded', () => {
  test('are written down together, in their order, without one that cannot be', async () => {
    const rtmr3 = register(BEFORE);
    const { log, path } = await opened(rtmr3);
    const pending: unknown[] = [];
    const extend = rtmr3.extend.bind(rtmr3);
    rtmr3.extend = async (digest) => {
      pending.push((await stored(path)) as object);
      await extend(digest);
    };
    const [first, ...others] = [load('b'), load('c'), load('\ud800'), load('d')].map((event) =>
      log.record(event),
    );
    const results = await Promise.allSettled([first, ...others]);
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled'],
      ...['rejected', 'fulfilled'],
    ]);
    expect(log.events).toEqual([...BEFORE, load('b'), load('c'), load('d')]);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(log.events));
    // All three were pending before the register was extended with the first of them.
    expect(pending).toHaveLength(3);
    expect(pending[0]).toMatchObject({ pending: [load('b'), load('c'), load('d')] });
  });

  test('fail together when the register does not work, and the log goes on afterwards', async () => {
    const rtmr3 = register(BEFORE);
    const { log } = await opened(rtmr3);
    rtmr3.works = 0;
    const both = await Promise.allSettled([log.record(load('b')), log.record(load('c'))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(log.events).toEqual(BEFORE);
    rtmr3.works = 2;
    await Promise.all([log.record(load('b')), log.record(load('c'))]);
    expect(log.events).toEqual([...BEFORE, load('b'), load('c')]);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(log.events));
  });
});
