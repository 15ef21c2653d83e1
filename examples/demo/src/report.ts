// SPDX-License-Identifier: Apache-2.0
import { paint, table, type Terminal } from '@proofgate/cli';
import type { Check } from '@proofgate/verifier';

import { HOST, type Stage } from './stage.ts';
import type { VerifiedAnswer } from './verify-host.ts';

const MARKS = {
  passed: ['✔', 'green'],
  skipped: ['-', 'dim'],
  warning: ['!', 'yellow'],
  refused: ['✘', 'red'],
} as const;

/** Hashes are cut to this many characters in the table; `proofgate verify` prints them whole. */
const MAX_VALUE = 76;

/** Prints the table of what was proved, the verdict last so that it stands at the prompt. */
export function printVerdict({ verdict, status, body }: VerifiedAnswer, terminal: Terminal): void {
  const rows = verdict.checks.map((check) => [MARKS[check.result][0], check.name, value(check)]);
  const lines = table(rows, '  ').split('\n');
  verdict.checks.forEach((check, index) => {
    terminal.out(paint(terminal, MARKS[check.result][1], lines[index] ?? ''));
  });
  terminal.out(`\n  app      ${String(status)} ${shorten(body.split('\n')[0] ?? '')}`);
  const simulated = 'on a SIMULATED platform: no statement about hardware';
  terminal.out(
    paint(terminal, 'bold', `  verdict  ACCEPTED under policy ${verdict.policy}, ${simulated}`),
  );
}

/** Prints where things are and how the verification is repeated. */
export function printAddresses(
  { rootFile, policyFile, logFile }: Stage,
  { port, collateral }: { readonly port: number; readonly collateral: string },
  terminal: Terminal,
): void {
  const url = `https://${HOST}:${String(port)}`;
  terminal.out('');
  terminal.out(
    table(
      [
        ['URL', `${url}/`],
        ['root CA', rootFile],
        ['policy', policyFile],
        ['log', logFile],
        [
          'again',
          `npx proofgate verify ${url} --ca ${rootFile} --policy ${policyFile} --collateral ${collateral}`,
        ],
        ['plain', `curl --cacert ${rootFile} ${url}/`],
      ],
      '  ',
    ),
  );
}

function value({ seen, result }: Check): string {
  return result === 'passed' || result === 'skipped' ? shorten(seen ?? '') : (seen ?? '');
}

function shorten(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`;
}
