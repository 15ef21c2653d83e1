// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  get,
  HOST,
  OPEN,
  post,
  type ConformanceCase,
  type Outcome,
} from './conformance-case.ts';
import { data, headers } from './frames.ts';
import {
  block,
  indexed,
  integer,
  literal,
  literalIndexed,
  tableSizeUpdate,
  text,
  type Field,
} from './hpack.ts';

/** The head with one pseudo-header field in place of that of its name, or without it. */
function instead(name: string, value?: string): Field[] {
  return GET.flatMap((field): Field[] => {
    if (field[0] !== name) return [field];
    return value === undefined ? [] : [[name, value]];
  });
}

function head(
  section: string,
  name: string,
  fields: readonly Field[],
  outcome: Outcome = 'stream PROTOCOL_ERROR',
  deviates?: string,
): ConformanceCase {
  const send: ConformanceCase['send'] = (raw) => raw.send(headers(1, block(...fields)));
  return { section, name, send, outcome, ...(deviates === undefined ? {} : { deviates }) };
}

function content(
  name: string,
  length: string,
  sent: string,
  outcome: Outcome,
  newer: Outcome = outcome,
): ConformanceCase {
  return {
    section: '8.1.1',
    name,
    send: (raw) => raw.send(post(1, ['content-length', length]), data(1, sent)),
    outcome,
    newer,
  };
}

function hpack(
  section: string,
  name: string,
  bytes: Uint8Array,
  outcome?: Outcome,
): ConformanceCase {
  return {
    section,
    name: `HPACK: ${name}`,
    send: (raw) => raw.send(headers(1, bytes)),
    outcome: outcome ?? 'connection COMPRESSION_ERROR',
  };
}

const SILENT = 'malformed; nghttp2 leaves the field out, which thus reaches nobody';

/** Requests that are malformed in themselves: section 8. */
const HEAD_CASES: readonly ConformanceCase[] = [
  head('8.2.1', 'name in upper case', [...GET, ['X-Upper', '1']]),
  head('8.2.1', 'value with CR and LF', [...GET, ['x-a', 'b\r\nc: d']], 'answer 200', SILENT),
  head('8.2.1', 'value with NUL', [...GET, ['x-a', 'b\0c']], 'answer 200', SILENT),
  head('8.2.1', 'value that begins with a space', [...GET, ['x-a', ' b']], 'answer 200', SILENT),
  head('8.2.1', 'name with a colon', [...GET, ['x:a', 'b']], 'answer 200', SILENT),
  head('8.2.1', 'name with CR and LF', [...GET, ['x\r\ny', 'b']], 'answer 200', SILENT),
  head('8.2.1', 'empty name', [...GET, ['', 'b']], 'answer 200', SILENT),
  head('8.2.2', 'Connection', [...GET, ['connection', 'close']]),
  head('8.2.2', 'Keep-Alive', [...GET, ['keep-alive', '1']]),
  head('8.2.2', 'Proxy-Connection', [...GET, ['proxy-connection', 'close']]),
  head('8.2.2', 'Transfer-Encoding', [...GET, ['transfer-encoding', 'chunked']]),
  head('8.2.2', 'Upgrade', [...GET, ['upgrade', 'websocket']]),
  head('8.2.2', 'TE of trailers', [...GET, ['te', 'trailers']], 'answer 200'),
  head('8.2.2', 'TE of something else', [...GET, ['te', 'trailers, deflate']]),
  head('8.3', 'unknown pseudo-header field', [...GET, [':unknown', '1']]),
  head('8.3', 'pseudo-header field of a response', [...GET, [':status', '200']]),
  head('8.3', 'pseudo-header field after another', [['x-a', '1'], ...GET]),
  head('8.3.1', 'no :method', instead(':method')),
  head('8.3.1', 'no :scheme', instead(':scheme')),
  head('8.3.1', 'no :path', instead(':path')),
  head('8.3.1', 'neither :authority nor Host', instead(':authority')),
  head('8.3.1', 'Host alone', [...instead(':authority'), ['host', HOST]], 'answer 200'),
  head('8.3.1', 'two :method', [...GET, [':method', 'GET']]),
  head('8.3.1', 'two :scheme', [...GET, [':scheme', 'https']]),
  head('8.3.1', 'two :path', [...GET, [':path', '/']]),
  head('8.3.1', 'two :authority', [...GET, [':authority', HOST]]),
  head('8.3.1', 'two Host', [...GET, ['host', HOST], ['host', HOST]]),
  head('8.3.1', 'empty :path', instead(':path', '')),
  head('8.3.1', ':path that is a URL', instead(':path', `https://${HOST}/`)),
  head('8.3.1', ':path with a space', instead(':path', '/a HTTP/1.1')),
  head('8.3.1', ':path with CR and LF', instead(':path', '/\r\nx: y')),
  head('8.3.1', ':path of * for GET', instead(':path', '*')),
  head('8.3.1', ':method with a space', instead(':method', 'GET /')),
  head('8.3.1', ':authority with a space', instead(':authority', `${HOST} x`)),
  head('8.5', 'CONNECT with :path', instead(':method', 'CONNECT')),
  head('8.5 (RFC 8441 section 4)', ':protocol without CONNECT', [
    ...GET,
    [':protocol', 'websocket'],
  ]),
  {
    section: '8.1',
    name: 'pseudo-header field in trailers',
    send: (raw) => raw.send(post(1), headers(1, block([':path', '/']))),
    outcome: 'stream PROTOCOL_ERROR',
  },
  content('content as long as announced', '2', 'hi', 'answer 200'),
  content(
    'more content than announced',
    ...(['1', 'hi', 'stream PROTOCOL_ERROR', 'connection PROTOCOL_ERROR'] as const),
  ),
  content('less content than announced', '3', 'hi', 'stream PROTOCOL_ERROR'),
  content(
    'content where none was announced',
    ...(['0', 'hi', 'stream PROTOCOL_ERROR', 'connection PROTOCOL_ERROR'] as const),
  ),
  content('Content-Length with a sign', '+2', 'hi', 'stream PROTOCOL_ERROR'),
  content('Content-Length that is a list', '2, 2', 'hi', 'stream PROTOCOL_ERROR'),
  {
    section: '8.1.1',
    name: 'content announced and none sent',
    send: (raw) => raw.send(get(1, ['content-length', '2'])),
    outcome: 'stream PROTOCOL_ERROR',
  },
  {
    section: '8.1.1',
    name: 'two Content-Length',
    send: (raw) =>
      raw.send(post(1, ['content-length', '2'], ['content-length', '2']), data(1, 'hi')),
    outcome: 'stream PROTOCOL_ERROR',
  },
];

const request = block(...GET);

/** Header compression, RFC 7541. */
const HPACK_CASES: readonly ConformanceCase[] = [
  hpack('2.3.3', 'entry beyond the tables', Buffer.concat([request, indexed(70)])),
  hpack('6.1', 'entry 0', Buffer.concat([request, indexed(0)])),
  hpack(
    '6.3',
    'table larger than the settings allow',
    Buffer.concat([tableSizeUpdate(4_097), request]),
  ),
  hpack('4.2', 'change of the table after a field', Buffer.concat([request, tableSizeUpdate(0)])),
  hpack(
    '5.2',
    'string beyond the end of the head',
    Buffer.concat([request, Buffer.from([0, 10, 0x78])]),
  ),
  hpack(
    '5.2',
    'Huffman code with 8 bits of padding',
    Buffer.concat([request, Buffer.from([0]), text('x'), Buffer.from([0x82, 0x1f, 0xff])]),
  ),
  hpack(
    '5.2',
    'Huffman code with zeros as padding',
    Buffer.concat([request, Buffer.from([0]), text('x'), Buffer.from([0x81, 0x18])]),
  ),
  hpack(
    '5.2',
    'Huffman code of the end of a string',
    Buffer.concat([request, Buffer.from([0]), text('x'), Buffer.from([0x84, 255, 255, 255, 255])]),
  ),
  hpack(
    '5.1',
    'integer that does not end',
    Buffer.concat([request, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])]),
  ),
  hpack(
    '6.2',
    'static entries and an indexed field',
    Buffer.concat([
      indexed(2),
      indexed(7),
      Buffer.concat([integer(1, 6, 0x40), text(HOST)]),
      indexed(4),
      literalIndexed('x-a', 'b'),
      indexed(62),
      literal('x-b', 'c'),
    ]),
    'answer 200',
  ),
  {
    section: '4.3',
    name: 'HPACK: head that is no header block',
    send: (raw) => raw.send(headers(1, Buffer.from([0x40, 0xff]), OPEN)),
    outcome: 'connection COMPRESSION_ERROR',
  },
];

export const MESSAGE_CASES: readonly ConformanceCase[] = [...HEAD_CASES, ...HPACK_CASES];
