// SPDX-License-Identifier: Apache-2.0
import { appraise, explain, type AppraisalReport } from '@proofgate/verifier';

import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { EXIT, exitCodeOfRefusal } from '../exit-codes.ts';
import { progressOn } from '../input/progress.ts';
import { readTarget, type Target } from '../input/target.ts';
import { readJudging, type Judging, type JudgingArguments } from '../judging/judging-options.ts';
import { presentedBy, type Freshness } from '../judging/presented-evidence.ts';
import { jsonText, printable } from '../output/printable.ts';
import { paint } from '../output/terminal.ts';
import { verdictTable } from '../output/verdict-table.ts';

/** Options of `proofgate verify`. */
export interface VerifyOptions extends JudgingArguments {
  readonly json?: boolean;
  /** Default: what the policy asks for. */
  readonly freshness?: Freshness;
}

/**
 * Judges a target and explains every decision. The exit code says accepted, evidence refused or policy refused.
 *
 * @throws the typed errors of the verifier when there can be no verdict
 */
export async function verify(
  name: string,
  options: VerifyOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal, now } = context;
  const progress = progressOn(terminal, options.json);
  const judging = await readJudging(options, now, progress);
  const target = await readTarget(name);
  if (options.ca !== undefined) demandCertificate(target);
  const freshness = options.freshness ?? freshnessOf(judging, target);
  const presented = await presentedBy(target, progress, { freshness, clock: now });
  // Evidence of a session is younger than the moment at which this command started.
  const at = options.at === undefined ? now() : judging.at;
  const report = await appraise({ ...judging, ...presented, at });
  if (options.json === true) terminal.out(jsonText(report));
  else printReport(name, report, context);
  context.setExitCode(exitCodeOf(report));
}

/** Roots that nothing is compared with would only look like a check. */
function demandCertificate({ kind }: Target): void {
  if (kind !== 'quote' && kind !== 'snp-report') return;
  throw new CliError('ERR_CLI_USAGE', 'no CA vouches for a bare quote or report', {
    hint: 'leave --ca out, or give the address of the host or its certificate chain',
  });
}

// Asking a file for a session would be our mistake; judged as it is, the policy refuses it with its own code.
function freshnessOf({ policy }: Judging, target: Target): Freshness | undefined {
  return policy === 'none' || target.kind !== 'host' ? undefined : policy.freshness.mode;
}

function exitCodeOf({ verdict, code }: AppraisalReport): number {
  return verdict === 'accepted' ? EXIT.ok : exitCodeOfRefusal(code ?? '');
}

function printReport(name: string, report: AppraisalReport, { terminal }: CommandContext): void {
  const target = printable(name);
  terminal.out(
    report.verdict === 'accepted'
      ? paint(terminal, 'green', `ACCEPTED  ${target}  (${scopeOf(report)})`)
      : paint(terminal, 'red', `REFUSED  ${target}  ${report.code ?? ''}`),
  );
  for (const text of [report.message, report.hint]) {
    if (text !== undefined) terminal.out(`  ${printable(text)}`);
  }
  terminal.out(`\n${explain(report)}`);
  const proved = verdictTable(report);
  if (proved !== '') terminal.out(proved);
}

function scopeOf({ policy }: AppraisalReport): string {
  return policy === 'none' ? 'evidence alone, no policy' : `policy ${printable(policy)}`;
}
