// SPDX-License-Identifier: Apache-2.0
import { explain, outcomeOf, type RejectionCode, VerifierError } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';

describe('an explanation', () => {
  it('has one line for what passed and more for what did not', () => {
    const text = explain({
      checks: [
        { name: 'a', result: 'passed', seen: 'good' },
        { name: 'longer', result: 'skipped' },
        { name: 'b', result: 'refused', expected: 'one', seen: 'two', hint: 'do it' },
        { name: 'c', result: 'refused' },
        { name: 'd', result: 'warning', hint: 'mind' },
      ],
    });
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
      'ok      a       good',
      '-       longer',
      'REFUSED b',
      '          expected  one',
      '          seen      two',
      '          hint      do it',
      'REFUSED c',
      'WARNING d',
      '          hint      mind',
      '',
    ]);
    expect(explain({ checks: [] })).toBe('\n');
  });

  it('escapes what would move the cursor and cuts what is long', () => {
    const line = (seen: string) =>
      explain({ checks: [{ name: 'a', result: 'passed', seen }] }).trimEnd();
    expect(line('a\u001b[2Jb\u202ec')).toBe('ok      a  a\\u{1b}[2Jb\\u{202e}c');
    expect(line('x'.repeat(120))).toBe(`ok      a  ${'x'.repeat(120)}`);
    expect(line('x'.repeat(121))).toBe(`ok      a  ${'x'.repeat(119)}…`);
  });
});

describe('the outcome of an error', () => {
  it('tells evidence, policy and the rest apart', () => {
    const outcome = (code: RejectionCode) => outcomeOf(new VerifierError(code, 'x'));
    expect(outcome('ERR_DCAP_QUOTE_SIGNATURE')).toBe('evidence-refused');
    expect(outcome('ERR_POLICY_DEBUG')).toBe('policy-refused');
  });
});
