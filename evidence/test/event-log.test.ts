// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  asSha384,
  EMPTY_REGISTER,
  EV_NO_ACTION,
  extendRegister,
  fromHex,
  MAX_EVENT_LOG_BYTES,
  parseCcel,
  parseQuote,
  replayEvents,
  sha384,
  toHex,
  type CcelEvent,
} from '@proofgate/evidence';
import { missingRealData, realBytes, realTitle } from './real-data.ts';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_EVENT_LOG_INVALID';

const u8 = (value: number): string => value.toString(16).padStart(2, '0');
const u16 = (value: number): string => u8(value & 0xff) + u8(value >> 8);
const u32 = (value: number): string => u16(value % 65536) + u16(Math.floor(value / 65536));
const text = (value: string): string => Buffer.from(value).toString('hex');

/** Hex of a header record; one part can be wrong. */
function header(
  changes: { type?: number; signature?: string; algorithms?: string; rest?: string } = {},
): string {
  const {
    type = EV_NO_ACTION,
    signature = 'Spec ID Event03\0',
    algorithms = `${u32(1)}0c003000`,
    rest = '00',
  } = changes;
  const body = `${text(signature)}0000000000020002${algorithms}${rest}`;
  return `${u32(1)}${u32(type)}${'00'.repeat(20)}${u32(body.length / 2)}${body}`;
}

const digest = (value: number): string => u8(value).repeat(48);
const event = (
  register: number,
  value: number,
  changes: { type?: number; digests?: string; data?: string } = {},
): string => {
  const { type = 0x0d, digests = `${u32(1)}0c00${digest(value)}`, data = '' } = changes;
  return `${u32(register)}${u32(type)}${digests}${u32(data.length / 2)}${data}`;
};
const parse = (...parts: string[]): CcelEvent[] => parseCcel(fromHex(parts.join('')));

describe('replay', () => {
  it('gives the register of the two-event vector', () => {
    const values = replayEvents(parse(header(), event(1, 1), event(1, 2)));
    expect(toHex(values.rtmr0)).toBe(
      '11422093d9248558e623cdd803580126f1912db17c838f511a296eb2e7dba8382ad56767569170322357e1a8fef06eae',
    );
    expect(toHex(values.rtmr1)).toBe('00'.repeat(48));
  });

  it('sends each event to its register', () => {
    const values = replayEvents(
      parse(header(), event(1, 1), event(2, 2), event(3, 3), event(4, 4)),
    );
    const once = (value: number): string =>
      toHex(extendRegister(EMPTY_REGISTER, new Uint8Array(48).fill(value)));
    expect(Object.values(values).map(toHex)).toEqual([1, 2, 3, 4].map(once));
  });

  it('does not extend EV_NO_ACTION, and nothing but that goes to MRTD', () => {
    const idle = parse(
      header(),
      event(1, 1, { type: EV_NO_ACTION }),
      event(0, 1, { type: EV_NO_ACTION }),
    );
    expect(idle.map(({ register }) => register)).toEqual(['rtmr0', 'mrtd']);
    expect(toHex(replayEvents(idle).rtmr0)).toBe('00'.repeat(48));
    expect(refusal(() => replayEvents(parse(header(), event(0, 1))))).toBe(INVALID);
  });

  it('extends as SHA-384 of register and digest', () => {
    const register = asSha384(new Uint8Array(48).fill(1));
    const value = new Uint8Array(48).fill(2);
    expect(extendRegister(register, value)).toEqual(sha384(Uint8Array.of(...register, ...value)));
    expect(refusal(() => extendRegister(register, value.subarray(1)))).toBe('ERR_BYTES_LENGTH');
  });
});

describe('event log', () => {
  it('keeps type, digests and data', () => {
    const two = `${u32(2)}0b00${'bb'.repeat(32)}0c00${digest(5)}`;
    const algorithms = `${u32(2)}0b0020000c003000`;
    const [only] = parse(
      header({ algorithms }),
      event(2, 0, { type: 0x80000003, digests: two, data: 'abcd' }),
    );
    expect(only).toEqual({
      register: 'rtmr1',
      type: 0x80000003,
      digests: [
        { algorithm: 0x0b, digest: fromHex('bb'.repeat(32)) },
        { algorithm: 0x0c, digest: fromHex(digest(5)) },
      ],
      sha384: fromHex(digest(5)),
      data: fromHex('abcd'),
    });
  });

  it('may be empty, and may be padded', () => {
    expect(parse(header())).toEqual([]);
    for (const padding of [
      '00',
      '00'.repeat(7),
      '00'.repeat(100),
      'ff'.repeat(4),
      'ff'.repeat(100),
    ]) {
      expect(parse(header(), event(1, 1), padding).length).toBe(1);
    }
  });

  it.each<[string, string[], string]>([
    ['one event', [header(), event(1, 1)], 'accepted'],
    ['nothing', [], INVALID],
    ['only padding', ['00'.repeat(64)], INVALID],
    ['a header of another type', [header({ type: 8 })], INVALID],
    ['another signature', [header({ signature: 'Spec ID Event02\0' })], INVALID],
    ['vendor information', [header({ rest: '02abcd' })], 'accepted'],
    ['vendor information that is cut off', [header({ rest: '02ab' })], INVALID],
    ['bytes behind vendor information', [header({ rest: '0000' })], INVALID],
    ['no algorithm', [header({ algorithms: u32(0) })], INVALID],
    ['SHA-256 alone', [header({ algorithms: `${u32(1)}0b002000` })], INVALID],
    ['SHA-384 of 32 bytes', [header({ algorithms: `${u32(1)}0c002000` })], INVALID],
    ['an algorithm twice', [header({ algorithms: `${u32(2)}0c0030000c003000` })], INVALID],
    ['four billion algorithms', [header({ algorithms: 'ffffffff' })], INVALID],
    ['register 4', [header(), event(4, 1)], 'accepted'],
    ['register 5', [header(), event(5, 1)], INVALID],
    ['no digest', [header(), event(1, 0, { digests: u32(0) })], INVALID],
    [
      'SHA-384 without the other',
      [header({ algorithms: `${u32(2)}0b0020000c003000` }), event(1, 1)],
      INVALID,
    ],
    [
      'two digests of one algorithm',
      [header(), event(1, 0, { digests: `${u32(2)}0c00${digest(1)}0c00${digest(2)}` })],
      INVALID,
    ],
    [
      'a digest of another algorithm',
      [header(), event(1, 0, { digests: `${u32(1)}0b00${'11'.repeat(32)}` })],
      INVALID,
    ],
    [
      'SHA-384 twice instead of SHA-256',
      [
        header({ algorithms: `${u32(2)}0b0020000c003000` }),
        event(1, 0, { digests: `${u32(2)}0c00${digest(1)}0c00${digest(2)}` }),
      ],
      INVALID,
    ],
    [
      'SHA-256 twice',
      [
        header({ algorithms: `${u32(3)}0b0020000c0030000d004000` }),
        event(1, 0, {
          digests: `${u32(3)}0b00${'11'.repeat(32)}0b00${'11'.repeat(32)}0c00${digest(2)}`,
        }),
      ],
      INVALID,
    ],
    ['an event that is cut off', [header(), event(1, 1).slice(0, -2)], INVALID],
    ['data longer than the log', [header(), event(1, 1).slice(0, -8), 'ffffffff'], INVALID],
    ['an event behind zeros', [header(), '00'.repeat(66), event(1, 1)], INVALID],
    ['an event behind the end', [header(), 'ff'.repeat(4), event(1, 1)], INVALID],
    ['mixed padding', [header(), 'ff'.repeat(8), '00'], INVALID],
  ])('with %s', (_, parts, code) => {
    expect(refusal(() => parse(...parts))).toBe(code);
  });

  it('has a size limit', () => {
    const log = new Uint8Array(MAX_EVENT_LOG_BYTES + 1);
    log.set(fromHex(header()));
    expect(refusal(() => parseCcel(log))).toBe('ERR_EVENT_LOG_TOO_LARGE');
    expect(refusal(() => parseCcel(log.subarray(0, -1)))).toBe('accepted');
  });
});

describe.skipIf(missingRealData)(realTitle('real event log'), () => {
  it('replays to the registers of its quote', () => {
    const events = parseCcel(realBytes('ccel/ccel_data.dat'));
    expect(events.length).toBe(43);
    const quote = parseQuote(realBytes('tdx/v4-gcp-cos113-00806f05.bin'));
    if (quote.kind !== 'tdx') throw new Error('not a TDX quote');
    expect(Object.values(replayEvents(events)).map(toHex)).toEqual(quote.body.rtmr.map(toHex));
  });

  it('no longer replays without any one of its events', () => {
    const events = parseCcel(realBytes('ccel/ccel_data.dat'));
    const all = Object.values(replayEvents(events)).map(toHex).join();
    for (let index = 0; index < events.length; index += 1) {
      expect(
        Object.values(replayEvents(events.toSpliced(index, 1)))
          .map(toHex)
          .join(),
      ).not.toBe(all);
    }
  });
});
