// SPDX-License-Identifier: Apache-2.0
import { GET, get, OPEN, POST, post, type ConformanceCase } from './conformance-case.ts';
import {
  continuation,
  data,
  FLAG,
  frame,
  headers,
  ping,
  priority,
  rstStream,
  u32,
  windowUpdate,
} from './frames.ts';
import { block } from './hpack.ts';

const request = block(...GET);
const trailers = block(['x-trailer', '1']);
const [first, second] = [request.subarray(0, 20), request.subarray(20)];
const PADDED = FLAG.padded | FLAG.endHeaders | FLAG.endStream;

const ENDS_ALL =
  'a stream error; nghttp2 ends the connection, which RFC 9113 section 5.4.1 permits';
const FORGOTTEN =
  'an error STREAM_CLOSED; nghttp2 takes it for a frame that has crossed a reset, and nobody sees it';

/** States of streams, and the frames of messages: sections 4.3, 5.1, 6.1, 6.2, 6.10. */
export const STREAM_CASES: readonly ConformanceCase[] = [
  {
    section: '5.1',
    name: 'DATA on an idle stream',
    send: (raw) => raw.send(data(1, 'x')),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '5.1',
    name: 'WINDOW_UPDATE on an idle stream',
    send: (raw) => raw.send(windowUpdate(1, 100)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '5.1',
    name: 'CONTINUATION on an idle stream',
    send: (raw) => raw.send(continuation(1, request)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '5.1',
    name: 'DATA after the end of the request',
    send: (raw) => raw.send(post(1), data(1, 'x'), data(1, 'y')),
    outcome: 'connection STREAM_CLOSED',
    deviates: ENDS_ALL,
  },
  {
    section: '5.1',
    name: 'HEADERS after the end of the request',
    send: (raw) => raw.send(get(1), headers(1, trailers)),
    outcome: 'connection STREAM_CLOSED',
    deviates: ENDS_ALL,
  },
  {
    section: '5.1',
    name: 'DATA after RST_STREAM',
    send: (raw) => raw.send(post(1), rstStream(1), data(1, 'x')),
    outcome: 'ignored',
    deviates: FORGOTTEN,
  },
  {
    section: '5.1',
    name: 'HEADERS after RST_STREAM',
    send: (raw) => raw.send(post(1), rstStream(1), headers(1, trailers)),
    outcome: 'ignored',
    deviates: FORGOTTEN,
  },
  {
    section: '5.1',
    name: 'DATA on a stream that is over',
    send: async (raw) => {
      raw.send(get(1));
      await raw.answer(1);
      raw.send(data(1, 'x'));
    },
    outcome: 'ignored',
    deviates: FORGOTTEN,
  },
  {
    section: '5.1',
    name: 'HEADERS on a stream that is over',
    send: async (raw) => {
      raw.send(get(1));
      await raw.answer(1);
      raw.send(get(1));
    },
    outcome: 'ignored',
    deviates: FORGOTTEN,
  },
  {
    section: '5.1',
    name: 'WINDOW_UPDATE and RST_STREAM on a stream that is over',
    send: async (raw) => {
      raw.send(get(1));
      await raw.answer(1);
      raw.send(windowUpdate(1, 100), rstStream(1), priority(1));
    },
    outcome: 'ignored',
  },
  {
    section: '5.1.1',
    name: 'stream with an even number',
    send: (raw) => raw.send(get(2)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '5.1.1',
    name: 'stream with a smaller number than one before',
    send: (raw) => raw.send(get(5), get(3)),
    outcome: 'ignored',
    deviates: FORGOTTEN,
  },
  {
    section: '5.1.1',
    name: 'streams with gaps between their numbers',
    send: (raw) => raw.send(get(1), get(101)),
    outcome: 'answer 200',
  },
  {
    section: '6.1',
    name: 'DATA on stream 0',
    send: (raw) => raw.send(data(0, 'x')),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.1',
    name: 'DATA with padding',
    send: (raw) =>
      raw.send(post(1), data(1, Buffer.from([2, 0x78, 0, 0]), FLAG.padded | FLAG.endStream)),
    outcome: 'answer 200',
  },
  {
    section: '6.1',
    name: 'DATA with padding of its whole length',
    send: (raw) => raw.send(post(1), data(1, Buffer.from([4, 0x78, 0, 0]), FLAG.padded)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.1',
    name: 'padded DATA without a padding length',
    send: (raw) => raw.send(post(1), data(1, '', FLAG.padded)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.1',
    name: 'empty DATA that ends the stream',
    send: (raw) => raw.send(post(1), data(1, '')),
    outcome: 'answer 200',
  },
  {
    section: '6.2',
    name: 'HEADERS on stream 0',
    send: (raw) => raw.send(get(0)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.2',
    name: 'HEADERS with padding',
    send: (raw) =>
      raw.send(headers(1, Buffer.concat([Buffer.from([3]), request, Buffer.alloc(3)]), PADDED)),
    outcome: 'answer 200',
  },
  {
    section: '6.2',
    name: 'HEADERS with padding of more than its length',
    send: (raw) => raw.send(headers(1, Buffer.concat([Buffer.from([250]), request]), PADDED)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.2',
    name: 'HEADERS with priority fields',
    send: (raw) => raw.send(headers(1, Buffer.concat([u32(0), Buffer.from([9]), request]), 0x25)),
    outcome: 'answer 200',
  },
  {
    section: '6.2',
    name: 'HEADERS with part of the priority fields',
    send: (raw) => raw.send(headers(1, Buffer.alloc(3), 0x25)),
    outcome: 'connection FRAME_SIZE_ERROR',
  },
  {
    section: '5.3.1 of RFC 7540',
    name: 'HEADERS that depends on itself',
    send: (raw) => raw.send(headers(1, Buffer.concat([u32(1), Buffer.from([9]), request]), 0x25)),
    outcome: 'connection PROTOCOL_ERROR',
    deviates: 'RFC 9113 has no priorities any more; nghttp2 keeps the rule of RFC 7540',
  },
  {
    section: '6.10',
    name: 'head in HEADERS and CONTINUATION',
    send: (raw) => raw.send(headers(1, first, FLAG.endStream), continuation(1, second)),
    outcome: 'answer 200',
  },
  {
    section: '6.10',
    name: 'head in three CONTINUATIONs, one of them empty',
    send: (raw) =>
      raw.send(
        headers(1, first.subarray(0, 5), FLAG.endStream),
        continuation(1, first.subarray(5), 0),
        continuation(1, Buffer.alloc(0), 0),
        continuation(1, second),
      ),
    outcome: 'answer 200',
  },
  {
    section: '6.10',
    name: 'another frame of the stream inside a head',
    send: (raw) =>
      raw.send(headers(1, first, FLAG.endStream), priority(1), continuation(1, second)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'PING inside a head',
    send: (raw) => raw.send(headers(1, first, FLAG.endStream), ping(), continuation(1, second)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '5.5',
    name: 'unknown frame inside a head',
    send: (raw) =>
      raw.send(headers(1, first, FLAG.endStream), frame(0x20, 0, 1), continuation(1, second)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'CONTINUATION of another stream',
    send: (raw) => raw.send(headers(1, first, FLAG.endStream), continuation(3, second)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.2',
    name: 'HEADERS of another stream inside a head',
    send: (raw) => raw.send(headers(1, first, FLAG.endStream), get(3)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'CONTINUATION on stream 0',
    send: (raw) => raw.send(headers(1, first, FLAG.endStream), continuation(0, second)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'CONTINUATION after the end of a head',
    send: (raw) => raw.send(headers(1, request, OPEN), continuation(1, trailers)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'CONTINUATION after DATA',
    send: (raw) => raw.send(post(1), data(1, 'x', 0), continuation(1, trailers)),
    outcome: 'connection PROTOCOL_ERROR',
  },
  {
    section: '6.10',
    name: 'more CONTINUATIONs than any head needs',
    send: (raw) =>
      raw.send(
        headers(1, first, FLAG.endStream),
        ...Array.from({ length: 20 }, () => continuation(1, Buffer.alloc(0), 0)),
      ),
    outcome: 'connection ENHANCE_YOUR_CALM',
  },
  {
    section: '8.1',
    name: 'trailers',
    send: (raw) => raw.send(post(1), data(1, 'x', 0), headers(1, trailers)),
    outcome: 'answer 200',
  },
  {
    section: '8.1',
    name: 'a second head that does not end the stream',
    send: (raw) => raw.send(headers(1, block(...POST), OPEN), headers(1, trailers, OPEN)),
    outcome: 'stream PROTOCOL_ERROR',
  },
];
