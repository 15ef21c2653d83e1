// SPDX-License-Identifier: Apache-2.0
import {
  parsePolicy,
  parsePolicyText,
  REGISTER_NAMES,
  TCB_STATUSES,
  VERIFIER_ERRORS,
  VerifierError,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { blocksIn, codeSpans, readPage, tableRows } from './support/markdown-page.ts';
import { knownMembers } from './support/policy-members.ts';

const PAGE = readPage('docs/policy.md');
const EXAMPLES = blocksIn([PAGE], 'json');
const KNOWN = knownMembers();
/** No word and no member of policies. */
const UNKNOWN = 'no-such-word';

/** The first column of the tables that describe members. */
function documentedMembers(): readonly string[] {
  const tables = PAGE.text.split(/\n{2,}/).filter((part) => /^\| member\b/.test(part));
  return tables.flatMap((table) =>
    tableRows(table)
      .slice(1)
      .flatMap(([member = '']) => codeSpans(member)),
  );
}

describe('docs/policy.md', () => {
  it('describes exactly the members that the parser knows, once each', () => {
    expect(KNOWN).toContain('tcb.grace.*.until');
    expect([...documentedMembers()].sort()).toEqual([...KNOWN].sort());
  });

  it.each(EXAMPLES.map(({ line, text }) => [line, text] as const))(
    'has a policy in line %i',
    (_line, text) => {
      expect(parsePolicyText(text).version).toBe(1);
    },
  );

  it('uses every member in an example, but for those that say nothing', () => {
    const used = new Set(EXAMPLES.flatMap(({ text }) => membersOf(JSON.parse(text))));
    const unused = KNOWN.filter((member) => !used.has(member));
    expect(unused).toEqual([
      '$schema',
      'description',
      'allowDebug',
      'measurements.*.rtmr0',
      'measurements.*.rtmr3',
      'measurements.*.mrenclave',
      'measurements.*.mrsigner',
      'tcb.grace.*.duration',
      'tcb.minimumSnp.fmc',
    ]);
  });

  it('names every word that the parser takes', () => {
    const spans = codeSpans(PAGE.text);
    const rest = ['intel', 'amd', 'tdx', 'sgx', 'sev-snp', 'certificate', 'session'];
    const words = [...TCB_STATUSES, ...rest, ...wordsOf('tdx', 'allowAttributes')];
    expect(words.filter((word) => !spans.includes(word))).toEqual([]);
    const registers = REGISTER_NAMES.map((name) => `measurements.*.${name}`);
    expect(registers.filter((register) => !spans.includes(register))).toEqual([]);
  });

  it('names codes that exist', () => {
    const codes = codeSpans(PAGE.text).filter((span) => span.startsWith('ERR_'));
    expect(codes).not.toEqual([]);
    expect(codes.filter((code) => !(code in VERIFIER_ERRORS))).toEqual([]);
  });
});

/** The members of a policy, entries of maps as `*`. */
function membersOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, content]) => {
    const isEntry = /^(?:measurements|workloads|extensions|tcb\.grace)$/.test(path);
    const member = [...(path === '' ? [] : [path]), isEntry ? '*' : name].join('.');
    return [member, ...membersOf(content, member)];
  });
}

/** The words that a member takes, as the parser lists them when it refuses another. */
function wordsOf(parent: string, name: string): readonly string[] {
  try {
    parsePolicy({ version: 1, tee: 'tdx', [parent]: { [name]: UNKNOWN } });
  } catch (error) {
    if (error instanceof VerifierError) return (error.expected ?? '').split(/, | or /);
  }
  return [];
}
