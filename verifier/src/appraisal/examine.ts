// SPDX-License-Identifier: Apache-2.0
import { checkedTime } from '../x509/time-window.ts';
import type { AppraisalOptions } from './appraisal-options.ts';
import type { CheckRecorder } from './check-recorder.ts';
import { examineCertificate } from './examine-certificate.ts';
import { examineDocument } from './examine-document.ts';
import type { Findings } from './verdict.ts';
import { verifyRawEvidence } from './verify-raw-evidence.ts';

/**
 * Verifies evidence step by step, whatever it came in, and collects what it proves. No policy is involved.
 *
 * @throws VerifierError and EvidenceError: of family `rejected` for evidence that does not hold
 */
export async function examine(
  options: AppraisalOptions,
  recorder: CheckRecorder,
): Promise<Findings> {
  const at = checkedTime(options.at);
  const { evidence } = options;
  switch (evidence.kind) {
    case 'certificate':
      return examineCertificate(evidence.chain, { ...options, at }, recorder);
    case 'document':
      return examineDocument(evidence.document, { ...options, at }, recorder);
    case 'quote':
    case 'snp-report':
      return {
        evidence: await verifyRawEvidence(evidence, { ...options, at }, recorder),
        certificate: undefined,
        chainVerified: false,
        extensions: [],
        workloads: undefined,
        binding: 'none',
        quoteTime: undefined,
        at,
      };
  }
}
