// SPDX-License-Identifier: Apache-2.0
import { isRejection } from '../errors.ts';
import type { AppraisalOptions } from './appraisal-options.ts';
import { type AppraisalReport, refusedReport, reportOf } from './appraisal-report.ts';
import { CheckRecorder } from './check-recorder.ts';
import { examine } from './examine.ts';
import { judgeFindings } from './judge-findings.ts';
import { checkPolicyGiven } from './verify.ts';

/**
 * Judges evidence and reports everything, also when it is refused: the data behind `verify --json`. To act on
 * evidence, use {@link verifyEvidence}, which cannot be mistaken for an acceptance.
 *
 * @throws VerifierError only of families `misuse` and `unavailable`
 */
export async function appraise(options: AppraisalOptions): Promise<AppraisalReport> {
  checkPolicyGiven(options);
  const recorder = new CheckRecorder();
  const policy = options.policy === 'none' ? 'none' : options.policy.name;
  try {
    const findings = await examine(options, recorder);
    const judgement = judgeFindings(findings, options, recorder);
    return reportOf(findings, judgement, recorder.checks);
  } catch (error) {
    if (!isRejection(error)) throw error;
    return refusedReport(error, policy, recorder.checks, options.at);
  }
}
