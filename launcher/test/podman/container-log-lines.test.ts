// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loggedPieces } from '../../src/podman/container-log-lines.ts';

const TIME = '2026-11-20T12:32:29.737405557+00:00';

function read(text: string): unknown {
  const { pieces, length } = loggedPieces(Buffer.from(text, 'latin1'));
  return {
    pieces: pieces.map(({ stream, bytes }) => [stream, bytes.toString('latin1')]),
    length,
  };
}

test('a whole line has its newline, a part of one has none', () => {
  const text = `${TIME} stdout F whole\n${TIME} stderr P part\n${TIME} stderr F \n`;
  expect(read(text)).toEqual({
    pieces: [
      ['stdout', 'whole\n'],
      ['stderr', 'part'],
      ['stderr', '\n'],
    ],
    length: text.length,
  });
  expect(loggedPieces(Buffer.from(text)).pieces[0]?.time.toISOString()).toBe(
    '2026-11-20T12:32:29.737Z',
  );
});

test('the beginning of a line is left for later', () => {
  const whole = `${TIME} stdout F one\n`;
  expect(read(`${whole}${TIME} stdout F tw`)).toEqual({
    pieces: [['stdout', 'one\n']],
    length: whole.length,
  });
  expect(read('')).toEqual({ pieces: [], length: 0 });
});

test('any bytes may be in a line', () => {
  expect(read(`${TIME} stdout F \xff\x00 F stdout\r\n`)).toMatchObject({
    pieces: [['stdout', '\xff\x00 F stdout\r\n']],
  });
});

test.each([
  ['no prefix', 'hello\n'],
  ['another stream', `${TIME} stdin F x\n`],
  ['another tag', `${TIME} stdout X x\n`],
  ['nothing', '\n'],
])('a line with %s is left out', (_what, text) => {
  expect(read(text)).toEqual({ pieces: [], length: text.length });
});
