// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeWithRealEvidence } from '../system/support/real-evidence.ts';
import { realCases, simulatedCases } from './cases.ts';
import { agree, ourVerdict, phalaVerdict, type DifferentialCase } from './verdicts.ts';

/** A disagreement that is understood. */
interface Explained {
  readonly case: string;
  readonly ours: string;
  readonly theirs: string;
  readonly reason: string;
}

// A test that finds what is not listed here fails, and so does one that no longer finds what is.
const explained = JSON.parse(
  readFileSync(new URL('./explained-disagreements.json', import.meta.url), 'utf8'),
) as readonly Explained[];

const isSimulated = ({ case: name }: Pick<Explained, 'case'>): boolean =>
  name.startsWith('simulated ');

async function disagreements(
  cases: readonly DifferentialCase[],
): Promise<Omit<Explained, 'reason'>[]> {
  const found = [];
  for (const one of cases) {
    const [ours, theirs] = [await ourVerdict(one), phalaVerdict(one)];
    if (agree(ours, theirs)) continue;
    found.push({ case: one.name, ours: ours.summary, theirs: theirs.summary });
  }
  return found;
}

const withoutReason = ({ reason: _, ...rest }: Explained): Omit<Explained, 'reason'> => rest;

it('gives a reason for every disagreement with @phala/dcap-qvl, once', () => {
  const names = explained.map((entry) => entry.case);
  expect(new Set(names).size).toBe(names.length);
  expect(explained.filter(({ reason }) => reason.trim().length < 20)).toEqual([]);
});

it('disagrees on simulated platforms as explained, and nowhere else', async () => {
  const found = await disagreements(await simulatedCases());
  expect(found).toEqual(explained.filter(isSimulated).map(withoutReason));
});

describeWithRealEvidence('real evidence', () => {
  it('disagrees on real quotes as explained, and nowhere else', async () => {
    const found = await disagreements(realCases());
    expect(found).toEqual(explained.filter((entry) => !isSimulated(entry)).map(withoutReason));
  });

  it('agrees on a real quote that is up to date', async () => {
    // If their verifier could not run at all, both would refuse everything, and that would look like agreement.
    const name = 'tdx/v4-phala-b0c06f.bin with tdx-b0c06f000000-202506';
    const one = realCases().find((other) => other.name === name);
    expect(one && phalaVerdict(one)).toEqual({ kind: 'verified', summary: 'UpToDate' });
    expect(one && (await ourVerdict(one))).toEqual({ kind: 'verified', summary: 'UpToDate' });
  });
});

it('agrees on a sound simulated platform', async () => {
  const sound = (await simulatedCases()).find(({ name }) => name === 'simulated P1');
  expect(sound && phalaVerdict(sound)).toEqual({ kind: 'verified', summary: 'UpToDate' });
  expect(sound && (await ourVerdict(sound))).toEqual({ kind: 'verified', summary: 'UpToDate' });
});
