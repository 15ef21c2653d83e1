// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { openTerminal, paint, table } from '@proofgate/cli';
import { flatten, plainData } from '../src/output/plain-data.ts';
import { jsonText, printable } from '../src/output/printable.ts';
import { ignoreClosedPipe } from '../src/output/terminal.ts';
import { parseTime } from '../src/input/time-argument.ts';

describe('printable', () => {
  it.for([
    ['an escape sequence', '\u001b[31m', '\\u{1b}[31m'],
    ['a line feed', 'a\nb', 'a\\u{a}b'],
    ['a C1 control', '\u009b2J', '\\u{9b}2J'],
    ['a right-to-left override', 'exe\u202etxt', 'exe\\u{202e}txt'],
    ['an isolate', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
    ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ])('escapes %s', ([, text, expected]) => {
    expect(printable(text!)).toBe(expected);
  });

  it('leaves what people write', () => {
    for (const text of ['Grüße, 世界 🎉', 'CN=a b, O="c\\d"', ''])
      expect(printable(text)).toBe(text);
  });
});

describe('jsonText', () => {
  it('is safe for a terminal and means the same', () => {
    const value = { name: '\u202e\u001b[0m\u009b\u{e0041}', lines: ['a\nb', 'Grüße'] };
    const text = jsonText(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toMatch(/^[\n\x20-\x7e\xc0-\xff]*$/u);
    expect(text.split('\n').length).toBeGreaterThan(3);
  });
});

describe('table', () => {
  it('aligns all columns but the last and leaves no space at the end', () => {
    expect(table([['a', 'b', 'c'], ['long', 'x', ''], ['x']], '  ')).toBe(
      '  a     b  c\n  long  x\n  x',
    );
  });

  it('of nothing is nothing', () => {
    expect(table([])).toBe('');
  });
});

describe('plain data', () => {
  it('writes everything that parsers return', () => {
    const value = {
      bytes: Uint8Array.of(1, 255),
      date: new Date(0),
      big: 2n ** 64n,
      map: new Map([['k', 1]]),
      set: new Set(['v']),
      missing: undefined,
      nothing: null,
      flag: false,
    };
    expect(plainData(value)).toEqual({
      bytes: '01ff',
      date: '1970-01-01T00:00:00.000Z',
      big: '18446744073709551616',
      map: [['k', 1]],
      set: ['v'],
      nothing: null,
      flag: false,
    });
  });

  it('becomes rows, and what is empty stays visible', () => {
    expect(flatten({ a: { b: [1, { c: 'x' }] }, empty: [], nothing: null })).toEqual([
      ['a.b.0', '1'],
      ['a.b.1.c', 'x'],
      ['empty', 'none'],
      ['nothing', 'none'],
    ]);
  });
});

describe('terminal', () => {
  const written = () => {
    const texts: string[] = [];
    return { texts, stream: { isTTY: true, write: (text: string) => texts.push(text) } };
  };

  it('ends every text with one line break', () => {
    const [out, err] = [written(), written()];
    const terminal = openTerminal(out.stream, err.stream, {});
    terminal.out('a');
    terminal.out('b\n');
    terminal.err('c');
    expect([out.texts, err.texts]).toEqual([['a\n', 'b\n'], ['c\n']]);
  });

  it.for<[colour: boolean, isTTY: boolean, noColour: string | undefined]>([
    [true, true, undefined],
    [true, true, ''],
    [false, true, '1'],
    [false, false, undefined],
  ])('colours %s: terminal %s, NO_COLOR %s', ([colour, isTTY, noColour]) => {
    const stream = { isTTY, write: () => true };
    const terminal = openTerminal(stream, stream, { NO_COLOR: noColour });
    expect(terminal.colour).toBe(colour);
    expect(paint(terminal, 'red', 'x')).toBe(colour ? '\u001b[31mx\u001b[0m' : 'x');
  });

  it('forgives a reader that went away, and nothing else', () => {
    ignoreClosedPipe(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
    expect(() => ignoreClosedPipe(full)).toThrow(full);
  });
});

describe('the time argument', () => {
  it.for([
    ['2026-07-01T12:00:00Z', '2026-07-01T12:00:00.000Z'],
    ['2026-07-01T14:00+02:00', '2026-07-01T12:00:00.000Z'],
    ['2026-07-01', '2026-07-01T00:00:00.000Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
    ['1751624191', '2025-07-04T10:16:31.000Z'],
  ])('reads %s', ([text, expected]) => {
    expect(parseTime(text!).toISOString()).toBe(expected);
  });

  it.for(['', 'now', 'yesterday', '2026-07-01T12:00:00', '2026-02-30', '2026-13-01', '-1', '1e9'])(
    'refuses %j',
    (text) => {
      expect(() => parseTime(text)).toThrow(expect.objectContaining({ code: 'ERR_CLI_USAGE' }));
    },
  );
});
