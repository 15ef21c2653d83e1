// SPDX-License-Identifier: Apache-2.0
import { compareRounds, type BenchCase, type CaseDescription } from '../report/bench-report.ts';
import type { ContenderName } from './contenders.ts';
import type { Rates } from './measure-rates.ts';

/** What ours is compared with; its version is in package-lock.json. */
const PEER = 'dcap-qvl';

interface VerifierCase extends CaseDescription {
  readonly ours: ContenderName;
  readonly theirs: ContenderName;
}

const rate = { unit: 'quotes/s', better: 'higher', theirs: 'peerFull' } as const;

/** They verify collateral with every quote: their API has no second way, so it is what both of ours are compared with. */
const IN_NODE: readonly VerifierCase[] = [
  { name: 'prepared collateral', ...rate, ours: 'prepared', target: 5 },
  { name: 'prepared collateral, new machine', ...rate, ours: 'newMachine', target: 2.5 },
  { name: 'full', ...rate, ours: 'full', target: 1.8 },
  {
    name: 'parser',
    unit: 'µs',
    better: 'lower',
    ours: 'parser',
    theirs: 'peerParser',
    // Parsing is a small part of verifying, whoever does it faster: what counts is that it stays one.
    target: 10,
    targetOf: 'value',
  },
];

const IN_BROWSER: readonly VerifierCase[] = [
  { name: 'browser: prepared collateral', ...rate, ours: 'prepared', target: 20 },
  { name: 'browser: full', ...rate, ours: 'full', target: 5 },
];

/** The cases of a run in Node. */
export function nodeCases(rates: Rates): BenchCase[] {
  return casesOf(IN_NODE, rates);
}

/** The cases of a run in a browser. */
export function browserCases(rates: Rates): BenchCase[] {
  return casesOf(IN_BROWSER, rates);
}

function casesOf(cases: readonly VerifierCase[], rates: Rates): BenchCase[] {
  return cases.map(({ ours, theirs, ...description }) => {
    const values = (name: ContenderName): readonly number[] =>
      description.better === 'higher'
        ? rates[name]
        : rates[name].map((perSecond) => 1_000_000 / perSecond);
    return compareRounds(description, values(ours), { [PEER]: values(theirs) });
  });
}
