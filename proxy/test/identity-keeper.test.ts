// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@proofgate/daemon';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../src/errors.ts';
import { IdentityKeeper, MAX_PARALLEL_MINTS } from '../src/identity/identity-keeper.ts';
import { identitySpec, type IdentitySpec } from '../src/identity/identity-spec.ts';
import type { Identity } from '../src/identity/mint-identity.ts';
import { FakeClock, settle } from './fake-clock.ts';

const START = new Date('2026-11-20T09:00:30Z');
const HOUR = 3_600_000;
const LIFE = 24 * HOUR;

function spec(hostname: string, value = 1): IdentitySpec {
  return identitySpec({
    hostname,
    attestation: 'certificate',
    extensions: [{ oid: '1.3.6.1.4.1.65230.3.2', value: new Uint8Array(32).fill(value) }],
    eventLog: [],
    ccel: undefined,
    manifests: {},
  });
}

interface Mint {
  readonly spec: IdentitySpec;
  readonly signal: AbortSignal;
  succeed(): Promise<Identity>;
  fail(error?: Error): Promise<void>;
}

function setup() {
  const clock = new FakeClock(START);
  const mints: Mint[] = [];
  let changes = 0;
  let serial = 0;
  const keeper = new IdentityKeeper({
    clock,
    random: () => 0,
    logger: createLogger({ name: 'test', level: 'silent' }),
    onChange: () => (changes += 1),
    mint: (wanted, at, signal) =>
      new Promise((resolve, reject) => {
        mints.push({
          spec: wanted,
          signal,
          succeed: async () => {
            serial += 1;
            const identity: Identity = {
              id: String(serial),
              spec: wanted,
              privateKey: '',
              chainPem: '',
              spki: new Uint8Array(),
              spkiSha256: '',
              caSpkiSha256: '',
              notBefore: at,
              notAfter: new Date(at.getTime() + LIFE),
              document: new Uint8Array(),
            };
            resolve(identity);
            await settle();
            return identity;
          },
          fail: async (error = new Error('no quote')) => {
            reject(error);
            await settle();
          },
        });
      }),
  });
  return { clock, keeper, mints, changes: () => changes };
}

describe('identities', () => {
  it('are made before they are needed, one for each host', async () => {
    const { keeper, mints, changes } = setup();
    keeper.update([spec('a.example'), spec('b.example')]);
    expect(mints.map((mint) => mint.spec.hostname)).toEqual(['a.example', 'b.example']);
    expect(keeper.find('a.example')).toBeUndefined();
    const identity = await mints[0]!.succeed();
    expect(keeper.find('a.example')).toBe(identity);
    expect(keeper.find('b.example')).toBeUndefined();
    expect(keeper.find('c.example')).toBeUndefined();
    expect(changes()).toBe(1);
  });

  it('are made once, however often they are asked for', async () => {
    const { keeper, mints } = setup();
    for (let n = 0; n < 10; n += 1) keeper.update([spec('a.example')]);
    await mints[0]!.succeed();
    keeper.update([spec('a.example')]);
    await settle();
    expect(mints).toHaveLength(1);
  });

  it('are made a few at a time', async () => {
    const { keeper, mints } = setup();
    keeper.update(Array.from({ length: 10 }, (_, n) => spec(`h${String(n)}.example`)));
    await settle();
    expect(mints).toHaveLength(MAX_PARALLEL_MINTS);
    await mints[0]!.succeed();
    expect(mints).toHaveLength(MAX_PARALLEL_MINTS + 1);
  });

  it('are replaced at 80 % of their life, and serve until the new one is there', async () => {
    const { clock, keeper, mints } = setup();
    keeper.update([spec('a.example')]);
    const first = await mints[0]!.succeed();
    await clock.advance(0.8 * LIFE - 1);
    expect(mints).toHaveLength(1);
    await clock.advance(1);
    expect(mints).toHaveLength(2);
    expect(keeper.find('a.example')).toBe(first);
    const second = await mints[1]!.succeed();
    expect(keeper.find('a.example')).toBe(second);
  });

  it('are tried again after a failure, with growing pauses, while the old one serves to its end', async () => {
    const { clock, keeper, mints, changes } = setup();
    keeper.update([spec('a.example')]);
    const first = await mints[0]!.succeed();
    await clock.advance(0.8 * LIFE);
    await mints[1]!.fail();
    await clock.advance(499);
    expect(mints).toHaveLength(2);
    await clock.advance(1);
    expect(mints).toHaveLength(3);
    await mints[2]!.fail();
    await clock.advance(999);
    expect(mints).toHaveLength(3);
    expect(keeper.find('a.example')).toBe(first);
    await clock.advance(0.2 * LIFE - 1_500);
    expect(keeper.find('a.example')).toBe(first);
    const before = changes();
    await clock.advance(1);
    expect(keeper.find('a.example')).toBeUndefined();
    expect(changes()).toBe(before + 1);
  });

  it('are made anew when what they say changes', async () => {
    const { keeper, mints } = setup();
    keeper.update([spec('a.example', 1)]);
    const first = await mints[0]!.succeed();
    keeper.update([spec('a.example', 2)]);
    expect(mints).toHaveLength(2);
    expect(keeper.find('a.example')).toBe(first);
    const second = await mints[1]!.succeed();
    expect(keeper.find('a.example')).toBe(second);
    expect(second.spec.fingerprint).toBe(spec('a.example', 2).fingerprint);
  });

  it('that are out of date before they are made are not used', async () => {
    const { keeper, mints } = setup();
    keeper.update([spec('a.example', 1)]);
    keeper.update([spec('a.example', 2)]);
    expect(mints).toHaveLength(1);
    await mints[0]!.succeed();
    expect(keeper.find('a.example')).toBeUndefined();
    expect(mints[1]!.spec.fingerprint).toBe(spec('a.example', 2).fingerprint);
  });

  it('are all made anew when the CA changes', async () => {
    const { keeper, mints } = setup();
    keeper.update([spec('a.example'), spec('b.example')]);
    const first = await mints[0]!.succeed();
    keeper.renewAll();
    // The one under way was begun with the old CA.
    await mints[1]!.succeed();
    expect(keeper.find('a.example')).toBe(first);
    expect(keeper.find('b.example')).toBeUndefined();
    expect(mints.map((mint) => mint.spec.hostname)).toEqual([
      'a.example',
      'b.example',
      'a.example',
      'b.example',
    ]);
  });

  it('that what was measured contradicts are told apart from quotes that fail', async () => {
    const { clock, keeper, mints } = setup();
    keeper.update([spec('a.example')]);
    const first = await mints[0]!.succeed();
    await clock.advance(0.8 * LIFE);
    await mints[1]!.fail();
    expect(keeper.isContradicted('a.example')).toBe(false);
    await clock.advance(500);
    await mints[2]!.fail(new ProxyError('ERR_PROXY_EVENT_LOG_BEHIND', 'told to fail'));
    expect(keeper.isContradicted('a.example')).toBe(true);
    expect(keeper.find('a.example')).toBe(first);
    await clock.advance(1_000);
    await mints[3]!.fail();
    expect(keeper.isContradicted('a.example')).toBe(true);
    await clock.advance(2_000);
    await mints[4]!.succeed();
    expect(keeper.isContradicted('a.example')).toBe(false);
  });

  it('go with their host, and what was under way is given up', async () => {
    const { clock, keeper, mints } = setup();
    keeper.update([spec('a.example'), spec('b.example')]);
    await mints[0]!.succeed();
    keeper.update([]);
    expect(keeper.find('a.example')).toBeUndefined();
    expect(mints[1]!.signal.aborted).toBe(true);
    await mints[1]!.succeed();
    expect(keeper.find('b.example')).toBeUndefined();
    await clock.advance(2 * LIFE);
    expect(mints).toHaveLength(2);
  });
});
