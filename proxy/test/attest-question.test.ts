// SPDX-License-Identifier: Apache-2.0
import { toBase64Url } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import { parseQuestion } from '../src/evidence/attest-question.ts';

const BYTES = new Uint8Array(32).fill(7);
const TEXT = toBase64Url(BYTES);
const ask = (text: string | object): unknown =>
  parseQuestion(Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)));

const DETERMINISTIC = { v: 2, mode: 'deterministic', leaf: TEXT };
const CHALLENGE = { v: 2, mode: 'challenge', leaf: TEXT, context: TEXT };
const BATCH = { ...CHALLENGE, mode: 'batch' };
const PRESENT = {
  v: 2,
  mode: 'present',
  context: TEXT,
  tee: 'tdx',
  quote: 'AQID',
  gpu_evidence: null,
  quote_time: '2026-06-01T12:00Z',
};

describe('a question', () => {
  it('is read in each of its modes', () => {
    expect(ask(DETERMINISTIC)).toEqual({ mode: 'deterministic', leaf: BYTES });
    expect(ask(CHALLENGE)).toEqual({ mode: 'challenge', leaf: BYTES, context: BYTES });
    expect(ask(BATCH)).toEqual({ mode: 'batch', leaf: BYTES, context: BYTES });
    const { quote_time: quoteTime } = PRESENT;
    const presented = { mode: 'present', context: BYTES, tee: 'tdx', quoteTime };
    const quote = Uint8Array.of(1, 2, 3);
    expect(ask(PRESENT)).toEqual({ ...presented, quote, gpuEvidence: undefined });
    expect(ask({ ...PRESENT, tee: 'tdx-gpu', gpu_evidence: 'AQID' })).toEqual({
      ...{ ...presented, tee: 'tdx-gpu', quote },
      gpuEvidence: quote,
    });
  });

  it('may have white space between its parts, and escapes in its texts', () => {
    const spaced = ` { "v" :\t2 ,\r\n"mode": "determin\\u0069stic","leaf":"${TEXT}" }\n`;
    expect(ask(spaced)).toEqual({ mode: 'deterministic', leaf: BYTES });
  });

  const { leaf: _leaf, ...noLeaf } = DETERMINISTIC;
  const { context: _context, ...noContext } = CHALLENGE;
  const { quote: _quote, ...noQuote } = PRESENT;
  const flat = JSON.stringify(DETERMINISTIC);
  it.each<[string, string | object]>([
    ['nothing', ''],
    ['no object', '2'],
    ['a list', `[${flat}]`],
    ['two objects', flat + flat],
    ['an object and more', `${flat}x`],
    ['something before the object', `x${flat}`],
    ['a byte order mark', `\uFEFF${flat}`],
    ['an empty object', {}],
    ['half an object', flat.slice(0, -1)],
    ['a trailing comma', flat.replace('}', ',}')],
    ['a comment', flat.replace('{', '{/**/')],
    ['a bare name', flat.replace('"v"', 'v')],
    ['single quotes', flat.replaceAll('"', "'")],
    ['a bad escape', flat.replace('deterministic', 'determ\\inistic')],
    ['a control character', flat.replace('deterministic', 'deterministic\n')],
    ['a repeated member', flat.replace('}', `,"leaf":"${TEXT}"}`)],
    ['a repeated member, spelled otherwise', flat.replace('}', ',"\\u0076":2}')],
    ['nesting', { ...DETERMINISTIC, leaf: { text: TEXT } }],
    ['an unknown member', { ...DETERMINISTIC, more: 1 }],
    ['a member of Object', `{"__proto__":null,${flat.slice(1)}`],
    ['a member of another mode', { ...DETERMINISTIC, context: TEXT }],
    ['another version', { ...DETERMINISTIC, v: 1 }],
    ['a version that is text', { ...DETERMINISTIC, v: '2' }],
    ['a version that is not whole', flat.replace('2', '2.0')],
    ['an unknown mode', { ...DETERMINISTIC, mode: 'raw' }],
    ['no leaf', noLeaf],
    ['no context', noContext],
    ['a leaf of another size', { ...DETERMINISTIC, leaf: toBase64Url(BYTES.slice(1)) }],
    ['a leaf with padding', { ...DETERMINISTIC, leaf: `${TEXT}=` }],
    ['a leaf in the other alphabet', { ...DETERMINISTIC, leaf: TEXT.replace('B', '+') }],
    ['a leaf with spare bits', { ...DETERMINISTIC, leaf: `${TEXT.slice(0, -1)}d` }],
    ['a long context', { ...CHALLENGE, context: `${TEXT}AAAA` }],
    ['no quote', noQuote],
    ['a quote that is too large', { ...PRESENT, quote: 'A'.repeat(44_000) }],
    ['an unknown TEE', { ...PRESENT, tee: 'cca' }],
    ['a time with seconds', { ...PRESENT, quote_time: '2026-06-01T12:00:00Z' }],
  ])('is refused when it is %s', (_what, text) => {
    const parse = (): unknown => ask(text);
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_PROXY_EVIDENCE_REQUEST' }) as Error);
  });

  it('is refused when it is no UTF-8', () => {
    const bytes = Buffer.from(JSON.stringify(DETERMINISTIC), 'latin1');
    bytes[20] = 0xff;
    const parse = (): unknown => parseQuestion(bytes);
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_PROXY_EVIDENCE_REQUEST' }) as Error);
  });
});
