// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MultiplexedOutput } from '../../src/podman/multiplexed-output.ts';

function piece(stream: 1 | 2, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

test('both streams come out as they went in, wherever the stream is cut', () => {
  const pieces = fc.array(
    fc.record({
      stream: fc.constantFrom(1 as const, 2 as const),
      content: fc.uint8Array({ maxLength: 20 }),
    }),
  );
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ max: 60, min: 0 }),
      (list, cut, limit) => {
        const stream = Buffer.concat(
          list.map(({ stream: number, content }) => piece(number, content)),
        );
        const output = new MultiplexedOutput(limit);
        for (let at = 0; at < stream.length; at += cut) output.push(stream.subarray(at, at + cut));
        const expected = (number: 1 | 2): Buffer =>
          Buffer.concat(
            list.filter(({ stream: of }) => of === number).map(({ content }) => content),
          ).subarray(0, limit);
        expect(Buffer.from(output.output.stdout)).toEqual(expected(1));
        expect(Buffer.from(output.output.stderr)).toEqual(expected(2));
      },
    ),
  );
});

test('what is kept is a copy', () => {
  const bytes = piece(1, Buffer.from('abc'));
  const output = new MultiplexedOutput(10);
  output.push(bytes);
  bytes.fill(0);
  expect(Buffer.from(output.output.stdout).toString()).toBe('abc');
});
