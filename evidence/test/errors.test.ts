// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CodedError, EVIDENCE_ERRORS, EvidenceError, fromHex } from '@proofgate/evidence';

const folder = new URL('../src/', import.meta.url);
const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== 'errors.ts')
  .map((path) => readFileSync(new URL(path, folder), 'utf8').replace(/\/\*[^]*?\*\//g, ''))
  .join('\n');

describe('error table', () => {
  it.each(Object.entries(EVIDENCE_ERRORS))(
    '%s is thrown and described',
    (code, [family, summary]) => {
      expect(source).toContain(`'${code}'`);
      expect(['rejected', 'unavailable', 'misuse']).toContain(family);
      expect(summary).toMatch(/^[a-zA-Z].*[^.]$/);
    },
  );
});

describe('error', () => {
  it('carries its family and the details', () => {
    const cause = new Error('below');
    const error = new EvidenceError(
      'ERR_TREE_INVALID',
      'message',
      { expected: 'a', cause },
      'misuse',
    );
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ name: 'EvidenceError', family: 'misuse', expected: 'a', cause });
    expect('cause' in new EvidenceError('ERR_PEM_INVALID', 'message')).toBe(false);
  });

  it('shows the beginning of what it refused, not all of it', () => {
    const long = 'z'.repeat(100_000);
    try {
      fromHex(long);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_BYTES_ENCODING', family: 'rejected' });
      expect((error as EvidenceError).seen?.length).toBeLessThan(100);
    }
  });
});
