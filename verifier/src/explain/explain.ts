// SPDX-License-Identifier: Apache-2.0
import type { Check, CheckResult, NearestMeasurementSet } from '../policy/decision.ts';

/** A decision or a whole appraisal, as far as explaining it goes. */
export interface Explainable {
  readonly checks: readonly Check[];
  readonly nearest?: NearestMeasurementSet | undefined;
  readonly nearestMeasurementSet?: NearestMeasurementSet | undefined;
}

const MARKS: Readonly<Record<CheckResult, string>> = {
  passed: 'ok',
  refused: 'REFUSED',
  skipped: '-',
  warning: 'WARNING',
};
const MARK_WIDTH = 8;
/** Hashes of 48 bytes fit; longer values are cut. */
const MAX_VALUE = 120;

/**
 * Writes a decision for a terminal: one line for each check, and for those that did not pass, what was expected, what
 * was seen and what to do.
 *
 * @returns plain text without colours; values come from the peer, so control characters are escaped
 */
export function explain(decision: Explainable): string {
  const width = Math.max(...decision.checks.map(({ name }) => name.length), 0) + 2;
  const lines = decision.checks.flatMap((check) => explainCheck(check, width));
  const nearest = decision.nearest ?? decision.nearestMeasurementSet;
  if (nearest !== undefined) lines.push(...explainNearest(nearest));
  return `${lines.join('\n')}\n`;
}

function explainCheck(check: Check, width: number): string[] {
  const { name, result, expected, seen, hint } = check;
  const head = `${MARKS[result].padEnd(MARK_WIDTH)}${printable(name).padEnd(width)}`;
  if (result === 'passed' || result === 'skipped') return [`${head}${printable(seen ?? '')}`];
  const indent = ' '.repeat(MARK_WIDTH + 2);
  return [
    head.trimEnd(),
    ...(expected === undefined ? [] : [`${indent}expected  ${printable(expected)}`]),
    ...(seen === undefined ? [] : [`${indent}seen      ${printable(seen)}`]),
    ...(hint === undefined ? [] : [`${indent}hint      ${printable(hint)}`]),
  ];
}

function explainNearest({ set, differing }: NearestMeasurementSet): string[] {
  return [
    `nearest measurement set: ${printable(set)}`,
    ...differing.flatMap(({ register, expected, seen }) => [
      `  ${register}`,
      `    expected  ${printable(expected)}`,
      `    seen      ${printable(seen)}`,
    ]),
  ];
}

// A certificate's names must not move the cursor of whoever reads this.
function printable(text: string): string {
  const safe = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return safe.length <= MAX_VALUE ? safe : `${safe.slice(0, MAX_VALUE - 1)}…`;
}
