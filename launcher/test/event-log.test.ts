// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasurementRegister } from '@proofgate/attester';
import {
  digestRuntimeEvent,
  extendRegister,
  MAX_RUNTIME_EVENTS,
  replayRuntimeEvents,
  type RuntimeEvent,
} from '@proofgate/evidence';
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
/** A register that behaves as RTMR3 does; `fail` makes one extend go wrong before or after it took effect. */
function register(start: readonly RuntimeEvent[] = []): MeasurementRegister & {
  extended: number;
  fail: 'before' | 'after' | undefined;
} {
  let value = replayRuntimeEvents(start);
  return {
    extended: 0,
    fail: undefined,
    read: () => Promise.resolve(value.slice()),
    extend(digest) {
      const { fail } = this;
      this.fail = undefined;
      if (fail === 'before') return Promise.reject(new Error('busy'));
      value = extendRegister(value, digest);
      this.extended += 1;
      return fail === 'after' ? Promise.reject(new Error('lost answer')) : Promise.resolve();
    },
  };
}

async function logPath(stored?: {
  events: readonly RuntimeEvent[];
  pending: RuntimeEvent | null;
}): Promise<string> {
  const path = join(await temporaryDirectory(), 'event-log.json');
  if (stored !== undefined) await writeFile(path, JSON.stringify({ version: 1, ...stored }));
  return path;
}

async function storedAt(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

describe('the event log', () => {
  test('extends the register with each event and can be opened again', async () => {
    const path = await logPath();
    const rtmr3 = register();
    const log = await EventLog.open(path, rtmr3);
    await Promise.all([log.record(load('a')), log.record(load('b')), log.record(unload('a'))]);
    expect(log.events).toEqual([load('a'), load('b'), unload('a')]);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(log.events));
    expect((await EventLog.open(path, rtmr3)).events).toEqual(log.events);
    expect(rtmr3.extended).toBe(3);
  });

  test('is written before the register is extended', async () => {
    const path = await logPath();
    const rtmr3 = register();
    const log = await EventLog.open(path, rtmr3);
    const seen: unknown[] = [];
    const extend = rtmr3.extend.bind(rtmr3);
    rtmr3.extend = async (digest) => {
      seen.push(await storedAt(path));
      expect(digest).toEqual(digestRuntimeEvent(load('a')));
      await extend(digest);
    };
    await log.record(load('a'));
    expect(seen).toEqual([{ version: 1, events: [], pending: load('a') }]);
    expect(await storedAt(path)).toEqual({ version: 1, events: [load('a')], pending: null });
  });
});

describe('after a crash', () => {
  const before = [load('a')];
  const pending = load('b');

  test.each([
    ['before the event was written', { events: before, pending: null }, before, before],
    ['before the register was extended', { events: before, pending }, before, before],
    [
      'after the register was extended',
      { events: before, pending },
      [...before, pending],
      [...before, pending],
    ],
    ['before the first event took effect', { events: [], pending }, [], []],
  ])('%s the log is what the register says', async (_when, stored, measured, expected) => {
    const path = await logPath(stored);
    const rtmr3 = register(measured);
    const log = await EventLog.open(path, rtmr3);
    expect(log.events).toEqual(expected);
    expect(await storedAt(path)).toEqual({ version: 1, events: expected, pending: null });
    await log.record(load('c'));
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents([...expected, load('c')]));
  });

  test('of the platform the log of the earlier boot is replaced', async () => {
    for (const pending of [null, load('b')]) {
      const path = await logPath({ events: before, pending });
      expect((await EventLog.open(path, register())).events).toEqual([]);
      expect(await storedAt(path)).toEqual({ version: 1, events: [], pending: null });
    }
  });
});

describe('a log that the register does not prove', () => {
  const code = 'ERR_LAUNCHER_EVENT_LOG_MISMATCH';

  test.each([
    ['is missing', undefined],
    ['has another event', { events: [load('a', '2')], pending: null }],
    ['lacks an event', { events: [], pending: null }],
    ['has one event too many', { events: [load('a'), load('b')], pending: null }],
    ['has another event pending', { events: [], pending: load('b') }],
  ])('is refused when it %s', async (_what, stored) => {
    const path = await logPath(stored);
    await expect(EventLog.open(path, register([load('a')]))).rejects.toMatchObject({ code });
    const right = await logPath({ events: [load('a')], pending: null });
    expect((await EventLog.open(right, register([load('a')]))).events).toEqual([load('a')]);
  });

  test('is refused when something else extends the register meanwhile', async () => {
    const rtmr3 = register();
    const log = await EventLog.open(await logPath(), rtmr3);
    await rtmr3.extend(new Uint8Array(48));
    await expect(log.record(load('a'))).rejects.toMatchObject({ code });
    expect(log.events).toEqual([]);
    await expect(log.record(load('a'))).rejects.toMatchObject({ code });
  });

  test('is refused when it cannot be read, unless the register is still zero', async () => {
    for (const text of ['', '{}', '{"version":2,"events":[],"pending":null}', '[]']) {
      const path = await logPath();
      await writeFile(path, text);
      await expect(EventLog.open(path, register([load('a')]))).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_EVENT_LOG_INVALID',
      });
      expect((await EventLog.open(path, register())).events).toEqual([]);
    }
  });
});

test('a full log takes no further event, the last ones no load, and stays provable', async () => {
  const events = Array.from({ length: MAX_RUNTIME_EVENTS }, (_, index) =>
    index % 2 === 0 ? load('a') : unload('a'),
  );
  const path = await logPath({ events: events.slice(1), pending: null });
  const rtmr3 = register(events.slice(1));
  const log = await EventLog.open(path, rtmr3);
  const full = { code: 'ERR_LAUNCHER_EVENT_LOG_FULL' };
  // The last places are for what ends something.
  await expect(log.record(load('b'))).rejects.toMatchObject(full);
  await log.record(unload('a'));
  await expect(log.record(unload('a'))).rejects.toMatchObject(full);
  expect((await EventLog.open(path, rtmr3)).events).toHaveLength(MAX_RUNTIME_EVENTS);
});

describe('a register that reports an error', () => {
  test('without having been extended leaves the log as it was', async () => {
    const path = await logPath();
    const rtmr3 = register();
    const log = await EventLog.open(path, rtmr3);
    rtmr3.fail = 'before';
    await expect(log.record(load('a'))).rejects.toThrow('busy');
    expect(log.events).toEqual([]);
    expect(await storedAt(path)).toEqual({ version: 1, events: [], pending: null });
    await log.record(load('a'));
    expect(log.events).toEqual([load('a')]);
  });

  test('although it was extended is believed as to its value', async () => {
    const rtmr3 = register();
    const log = await EventLog.open(await logPath(), rtmr3);
    rtmr3.fail = 'after';
    await log.record(load('a'));
    expect(log.events).toEqual([load('a')]);
  });
});

describe('a register that cannot be read after it was extended', () => {
  const code = 'ERR_LAUNCHER_EVENT_LOG_UNSETTLED';

  test.each([
    ['counts the event once it can be read', undefined, [load('a'), load('b')]],
    ['leaves the event out if it was not extended', 'before', [load('b')]],
  ] as const)('%s', async (_what, fail, expected) => {
    const path = await logPath();
    const rtmr3 = register();
    const log = await EventLog.open(path, rtmr3);
    const read = rtmr3.read;
    rtmr3.read = () => Promise.reject(new Error('busy'));
    rtmr3.fail = fail;
    await expect(log.record(load('a'))).rejects.toMatchObject({ code, family: 'unavailable' });
    await expect(log.record(load('b'))).rejects.toMatchObject({ code });
    expect(await storedAt(path)).toEqual({ version: 1, events: [], pending: load('a') });

    rtmr3.read = read;
    await log.record(load('b'));
    expect(log.events).toEqual(expected);
    expect(await rtmr3.read()).toEqual(replayRuntimeEvents(expected));
    expect((await EventLog.open(path, rtmr3)).events).toEqual(expected);
  });
});
