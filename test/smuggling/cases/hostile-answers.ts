// SPDX-License-Identifier: Apache-2.0
import type { HostileAnswer } from '../support/hostile-upstream.ts';

/** What the client may get for a hostile answer. */
export type Delivery =
  /** An answer of the proxy itself, 502. */
  | 'refused'
  /** The beginning of an answer, whose end the client misses. */
  | 'cut'
  /** A whole answer with this status and this content. */
  | { readonly status: number; readonly body: string };

/** An answer, and what may become of it. */
export interface AnswerCase {
  readonly name: string;
  readonly method: string;
  readonly answer: HostileAnswer;
  /** Any of these. */
  readonly may: readonly Delivery[];
}

/** A whole answer that nobody has asked for. Its mark must never be in the answer to anything. */
export const STOLEN = 'HTTP/1.1 200 OK\r\nX-Mark: stolen\r\nContent-Length: 6\r\n\r\nstolen';

const OK = 'HTTP/1.1 200 OK\r\n';
const whole = (body: string, status = 200): Delivery => ({ status, body });

function answer(
  name: string,
  now: string,
  may: Delivery | readonly Delivery[],
  more: Partial<HostileAnswer> & { readonly method?: string } = {},
): AnswerCase {
  const { method = 'GET', ...rest } = more;
  return { name, method, answer: { now, ...rest }, may: [may].flat() };
}

/** Fields that leave in doubt where the content ends. */
const DOUBTFUL: Readonly<Record<string, string>> = {
  'two equal lengths': 'Content-Length: 2\r\nContent-Length: 2',
  'two different lengths': 'Content-Length: 2\r\nContent-Length: 5',
  'a list of lengths': 'Content-Length: 2, 2',
  'length and encoding': 'Content-Length: 2\r\nTransfer-Encoding: chunked',
  'encoding and length': 'Transfer-Encoding: chunked\r\nContent-Length: 2',
  'a negative length': 'Content-Length: -2',
  'a length with a plus sign': 'Content-Length: +2',
  'a hexadecimal length': 'Content-Length: 0x2',
  'an empty length': 'Content-Length:',
  'a length above 2^64': 'Content-Length: 18446744073709551618',
  'a length that is no number': 'Content-Length: two',
  'the encoding gzip': 'Transfer-Encoding: gzip',
  'the encoding gzip, chunked': 'Transfer-Encoding: gzip, chunked',
  'the encoding chunked, gzip': 'Transfer-Encoding: chunked, gzip',
  'the encoding xchunked': 'Transfer-Encoding: xchunked',
  'the encoding identity': 'Transfer-Encoding: identity',
  'the encoding chunked twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'a space before the colon': 'Content-Length : 2',
  'a folded length': 'Content-Length:\r\n 2',
};

/** Heads that are no heads. */
const BROKEN_HEADS: Readonly<Record<string, string>> = {
  'LF alone everywhere': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi',
  'LF alone after a field': `${OK}X-A: 1\nContent-Length: 2\r\n\r\nhi`,
  'CR alone after a field': `${OK}X-A: 1\rContent-Length: 2\r\n\r\nhi`,
  'a NUL in a value': `${OK}X-A: 1\x002\r\nContent-Length: 2\r\n\r\nhi`,
  'a NUL in a name': `${OK}X\x00A: 1\r\nContent-Length: 2\r\n\r\nhi`,
  'a line without a colon': `${OK}X-A\r\nContent-Length: 2\r\n\r\nhi`,
  'HTTP/3.1': 'HTTP/3.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
  'another protocol': 'SSH-2.0-OpenSSH_9.9\r\n\r\n',
  'no status line': 'Content-Length: 2\r\n\r\nhi',
  'a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhi',
  'a status of letters': 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nhi',
  'a status of 99': 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nhi',
  'a head of 64 KB': `${OK}X-A: ${'a'.repeat(65_536)}\r\nContent-Length: 2\r\n\r\nhi`,
  'a switch of protocols that nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nstolen',
};

const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Content that breaks off or is not what its framing says. */
const BROKEN_CONTENT: Readonly<Record<string, string>> = {
  'a chunk size that is no number': `${CHUNKED}zz\r\nhi\r\n0\r\n\r\n`,
  'a chunk size above 2^64': `${CHUNKED}10000000000000002\r\nhi\r\n0\r\n\r\n`,
  'a chunk without an end of line': `${CHUNKED}2\r\nhi0\r\n\r\n`,
  'a chunk that ends in LF': `${CHUNKED}2\r\nhi\n0\r\n\r\n`,
  'a chunk longer than its size': `${CHUNKED}2\r\nhiXX\r\n0\r\n\r\n`,
  'a trailer section that is an answer': `${CHUNKED}2\r\nhi\r\n0\r\n${STOLEN}`,
};

/** Answers of an upstream that is broken, or in the hands of somebody else. */
export const ANSWER_CASES: readonly AnswerCase[] = [
  ...Object.entries(DOUBTFUL).map(([what, fields]) =>
    answer(what, `${OK}${fields}\r\n\r\nhi${STOLEN}`, 'refused'),
  ),
  ...Object.entries(BROKEN_HEADS).map(([what, bytes]) => answer(what, bytes + STOLEN, 'refused')),
  ...Object.entries(BROKEN_CONTENT).map(([what, bytes]) =>
    answer(what, bytes + STOLEN, ['refused', 'cut']),
  ),
  answer('nothing', '', 'refused', { ends: 'in order' }),
  answer('nothing and a reset', '', 'refused', { ends: 'by reset' }),
  answer('half a status line', 'HTTP/1.1 2', 'refused', { ends: 'in order' }),
  answer('half a head', `${OK}X-Mark: half\r\n`, 'refused', { ends: 'in order' }),
  answer('half the content', `${OK}Content-Length: 10\r\n\r\nhi`, ['refused', 'cut'], {
    ends: 'in order',
  }),
  answer('half the content and a reset', `${OK}Content-Length: 10\r\n\r\nhi`, ['refused', 'cut'], {
    ends: 'by reset',
  }),
  answer('half the chunks', `${CHUNKED}2\r\nhi\r\n`, ['refused', 'cut'], { ends: 'in order' }),
  answer('no last chunk', `${CHUNKED}2\r\nhi\r\n5\r\nhel`, ['refused', 'cut'], {
    ends: 'in order',
  }),
  answer(
    'no end of the trailer section',
    `${CHUNKED}2\r\nhi\r\n0\r\nX-A: 1\r\n`,
    ['refused', 'cut'],
    {
      ends: 'in order',
    },
  ),
  answer('an answer behind the answer', `${OK}Content-Length: 2\r\n\r\nhi${STOLEN}`, [
    'refused',
    'cut',
    whole('hi'),
  ]),
  answer('an answer behind chunks', `${CHUNKED}2\r\nhi\r\n0\r\n\r\n${STOLEN}`, [
    'refused',
    'cut',
    whole('hi'),
  ]),
  answer('garbage behind the answer', `${OK}Content-Length: 2\r\n\r\nhi stolen`, [
    'refused',
    'cut',
    whole('hi'),
  ]),
  answer(
    'an answer behind Connection: close',
    `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nhi${STOLEN}`,
    ['refused', 'cut', whole('hi')],
  ),
  answer('204 with content', `HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nstolen`, [
    'refused',
    whole('', 204),
  ]),
  answer(
    '204 with chunks',
    `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nstolen\r\n0\r\n\r\n`,
    ['refused', whole('', 204)],
  ),
  answer('204 and another answer', `HTTP/1.1 204 No Content\r\n\r\n${STOLEN}`, [
    'refused',
    whole('', 204),
  ]),
  answer('304 with content', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nstolen', [
    'refused',
    whole('', 304),
  ]),
  answer(
    'an answer to HEAD with content',
    `${OK}Content-Length: 6\r\n\r\nstolen`,
    ['refused', whole('')],
    {
      method: 'HEAD',
    },
  ),
  answer(
    'an answer to HEAD with chunks',
    `${CHUNKED}6\r\nstolen\r\n0\r\n\r\n`,
    ['refused', whole('')],
    {
      method: 'HEAD',
    },
  ),
  answer(
    'an answer to HEAD with another one behind it',
    `${OK}Content-Length: 6\r\n\r\n${STOLEN}`,
    ['refused', whole('')],
    { method: 'HEAD' },
  ),
  answer(
    'a thousand interim answers',
    `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(1_000)}${OK}Content-Length: 2\r\n\r\nhi`,
    ['refused', 'cut', whole('hi')],
  ),
  answer(
    'an interim answer with a length',
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 6\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    ['refused', whole('hi')],
  ),
  answer(
    'an interim answer with content',
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 6\r\n\r\nstolen${OK}Content-Length: 2\r\n\r\nhi`,
    'refused',
  ),
  answer(
    'an interim answer with chunks',
    `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nstolen\r\n0\r\n\r\n`,
    'refused',
  ),
  answer(
    '100 that nobody asked for',
    `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    whole('hi'),
  ),
  answer('an interim answer alone', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'refused', {
    ends: 'in order',
  }),
  answer('HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nhi', whole('hi'), {
    ends: 'in order',
  }),
  answer('content until the end', `${OK}\r\nhi`, whole('hi'), { ends: 'in order' }),
  answer('no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi', [
    'refused',
    whole('hi'),
  ]),
  answer('HTTP/2', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', ['refused', whole('hi')]),
  answer('a chunk extension', `${CHUNKED}2;a=b\r\nhi\r\n0\r\n\r\n`, ['refused', whole('hi')]),
  answer('a length as a trailer', `${CHUNKED}2\r\nhi\r\n0\r\nContent-Length: 54\r\n\r\n`, [
    'refused',
    'cut',
    whole('hi'),
  ]),
  answer(
    'names of peers',
    `${OK}X-Proofgate-Peer-Subject: stolen\r\nX_Privasys_Peer: stolen\r\nContent-Length: 2\r\n\r\nhi`,
    whole('hi'),
  ),
  answer(
    'fields that Connection names',
    `${OK}Connection: x-mark, content-length\r\nX-Mark: stolen\r\nContent-Length: 2\r\n\r\nhi`,
    whole('hi'),
  ),
];
