// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  digestRuntimeEvent,
  EMPTY_REGISTER,
  extendRegister,
  loadedWorkloads,
  MAX_RUNTIME_EVENTS,
  parseRuntimeEvent,
  replayRuntimeEvents,
  sha384,
  toHex,
  utf8,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const hex = (digit: string): string => digit.repeat(64);
const platform: RuntimeEvent = {
  type: 'proofgate.platform',
  ca_spki_sha256: hex('a'),
  runtime_version: 'v2.0.0',
  image_profile: 'production',
  platform_root: hex('b'),
};
const load = (name: string, digit = 'c'): RuntimeEvent => ({
  type: 'proofgate.workload.load',
  name,
  image_ref: `ghcr.io/example/${name}@sha256:${hex(digit)}`,
  image_digest: hex(digit),
  config_root: hex('d'),
  spec_digest: hex('e'),
});
const unload = (name: string): RuntimeEvent => ({ type: 'proofgate.workload.unload', name });
const ca: RuntimeEvent = { type: 'proofgate.ca', ca_spki_sha256: hex('f') };

describe('run-time event', () => {
  it.each([platform, load('web'), unload('web'), ca])('$type reads as it was written', (event) => {
    expect(parseRuntimeEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it('needs no image profile', () => {
    const { image_profile: _, ...rest } = { ...platform, image_profile: '' };
    expect(parseRuntimeEvent(rest)).toEqual(rest);
  });

  const CODE = 'ERR_RUNTIME_EVENT';
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'proofgate.ca'],
    ['an array', [ca]],
    ['no type', { ca_spki_sha256: hex('f') }],
    ['an unknown type', { ...ca, type: 'proofgate.other' }],
    ['an unknown member', { ...ca, note: 'x' }],
    ['a member of another event', { ...unload('web'), image_ref: 'x' }],
    ['a missing member', { type: 'proofgate.ca' }],
    ['a digest in upper case', { ...ca, ca_spki_sha256: hex('F') }],
    ['a short digest', { ...ca, ca_spki_sha256: 'ff' }],
    ['a digest that is a number', { ...ca, ca_spki_sha256: 1 }],
    ['a name that is no host label', unload('Web')],
    ['a name with a dot', unload('a.b')],
    ['a name that ends in a hyphen', unload('a-')],
    ['a name of 64 letters', unload('a'.repeat(64))],
    ['an empty name', unload('')],
    ['a control character', { ...platform, runtime_version: 'v2\n' }],
    ['a long text', { ...platform, runtime_version: 'v'.repeat(1025) }],
    ['an empty profile', { ...platform, image_profile: '' }],
    ['a profile that is null', { ...platform, image_profile: null }],
  ])('refuses %s', (_, value) => {
    expect(refusal(() => parseRuntimeEvent(value))).toBe(CODE);
  });

  it('accepts the neighbours of those', () => {
    const accepted = [
      unload('a'.repeat(63)),
      unload('a-b'),
      unload('0'),
      { ...platform, runtime_version: 'v'.repeat(1024) },
    ];
    for (const value of accepted) expect(refusal(() => parseRuntimeEvent(value))).toBe('accepted');
  });

  it('is hashed as canonical JSON, and not at all if nobody could read it', () => {
    const text = `{"ca_spki_sha256":"${hex('f')}","type":"proofgate.ca"}`;
    expect(digestRuntimeEvent(ca)).toEqual(sha384(utf8(text)));
    const { type, ...rest } = load('web');
    expect(digestRuntimeEvent({ ...rest, type } as RuntimeEvent)).toEqual(
      digestRuntimeEvent(load('web')),
    );
    expect(refusal(() => digestRuntimeEvent(unload('A')))).toBe(CODE);
  });
});

describe('log', () => {
  it('replays from zero, one extension an event', () => {
    expect(toHex(replayRuntimeEvents([]))).toBe('00'.repeat(48));
    const once = extendRegister(EMPTY_REGISTER, digestRuntimeEvent(platform));
    expect(replayRuntimeEvents([platform])).toEqual(once);
    expect(replayRuntimeEvents([platform, ca])).toEqual(
      extendRegister(once, digestRuntimeEvent(ca)),
    );
    expect(replayRuntimeEvents([ca, platform])).not.toEqual(replayRuntimeEvents([platform, ca]));
  });

  it('lists what is loaded', () => {
    const names = (...events: RuntimeEvent[]): string[] =>
      loadedWorkloads(events).map(({ name }) => name);
    expect(names()).toEqual([]);
    expect(names(platform, load('web'), load('api'), ca)).toEqual(['web', 'api']);
    expect(names(load('web'), load('api'), unload('web'))).toEqual(['api']);
    expect(names(load('web'), unload('web'), load('web'))).toEqual(['web']);
    expect(loadedWorkloads([load('web')])[0]).toEqual({
      name: 'web',
      imageRef: `ghcr.io/example/web@sha256:${hex('c')}`,
      imageDigest: hex('c'),
      configRoot: hex('d'),
      specDigest: hex('e'),
    });
  });

  it('keeps what was loaded before under the same name', () => {
    const digests = (...events: RuntimeEvent[]): string[] =>
      loadedWorkloads(events).map(({ imageDigest }) => imageDigest[0]!);
    expect(digests(load('web', 'c'), load('web', 'c'))).toEqual(['c']);
    expect(digests(load('web', 'c'), load('web', '1'))).toEqual(['c', '1']);
    expect(digests(load('web', 'c'), load('web', '1'), unload('web'))).toEqual([]);
  });

  it('contradicts itself when something is unloaded that was not loaded', () => {
    const ORDER = 'ERR_RUNTIME_EVENT_ORDER';
    expect(refusal(() => loadedWorkloads([unload('web')]))).toBe(ORDER);
    expect(refusal(() => loadedWorkloads([load('web'), unload('web')]))).toBe('accepted');
    expect(refusal(() => loadedWorkloads([load('web'), unload('web'), unload('web')]))).toBe(ORDER);
  });

  it('has a length limit', () => {
    const events = Array.from({ length: MAX_RUNTIME_EVENTS + 1 }, () => ca);
    expect(refusal(() => replayRuntimeEvents(events))).toBe('ERR_RUNTIME_EVENT_ORDER');
    expect(refusal(() => loadedWorkloads(events))).toBe('ERR_RUNTIME_EVENT_ORDER');
    expect(refusal(() => loadedWorkloads(events.slice(1)))).toBe('accepted');
  });
});
