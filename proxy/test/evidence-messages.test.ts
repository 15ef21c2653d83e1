// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseWorkerMessage } from '../src/ipc/messages.ts';

const REQUEST = {
  kind: 'evidence-request',
  ticket: 1,
  mode: 'batch',
  identity: '0a1b',
  context: new Uint8Array(32),
  exported: new Uint8Array(32).fill(1),
  address: '192.0.2.1',
};

describe('a worker that asks for evidence', () => {
  it('is understood', () => {
    expect(parseWorkerMessage(REQUEST)).toEqual(REQUEST);
    expect(parseWorkerMessage({ ...REQUEST, more: 'ignored', mode: 'challenge' })).toEqual({
      ...REQUEST,
      mode: 'challenge',
    });
    const cancel = { kind: 'evidence-cancel', ticket: 7 };
    expect(parseWorkerMessage(cancel)).toEqual(cancel);
  });

  it('cannot change what it asked for afterwards', () => {
    const context = new Uint8Array(32);
    const message = parseWorkerMessage({ ...REQUEST, context });
    context.fill(9);
    expect(message).toEqual(REQUEST);
  });

  it.each<[string, object]>([
    ['no number', { ticket: undefined }],
    ['a number that is text', { ticket: '1' }],
    ['a negative number', { ticket: -1 }],
    ['half a number', { ticket: 1.5 }],
    ['a number past exactness', { ticket: 2 ** 53 }],
    ['another mode', { mode: 'deterministic' }],
    ['report data instead of a session', { mode: 'raw', reportData: new Uint8Array(64) }],
    ['no identity', { identity: '' }],
    ['an identity that is no serial number', { identity: '__proto__' }],
    ['an identity that is too long', { identity: 'a'.repeat(41) }],
    ['a short context', { context: new Uint8Array(31) }],
    ['a context that is a list', { context: Array(32).fill(0) }],
    ['a context of larger elements', { context: new Uint16Array(32) }],
    ['a long exporter value', { exported: new Uint8Array(33).fill(1) }],
    ['an exporter value of zeros', { exported: new Uint8Array(32) }],
    ['no address', { address: undefined }],
    ['an address that is too long', { address: 'a'.repeat(65) }],
    ['another kind', { kind: 'evidence' }],
    ['what only a primary says', { kind: 'evidence-batch', places: [] }],
  ])('is not sound with %s', (_what, change) => {
    const parse = (): unknown => parseWorkerMessage({ ...REQUEST, ...change });
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_PROXY_IPC_MESSAGE' }) as Error);
  });
});
