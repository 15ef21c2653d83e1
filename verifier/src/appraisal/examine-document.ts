// SPDX-License-Identifier: Apache-2.0
import { type AttestationDocument, readAttestationExtensions } from '@proofgate/evidence';
import { checkStatedTime } from '../check-binding.ts';
import type { AppraisalOptions } from './appraisal-options.ts';
import { checkLeaf } from './check-leaf.ts';
import type { CheckRecorder } from './check-recorder.ts';
import { examineLogs } from './examine-logs.ts';
import type { Findings } from './verdict.ts';
import { verifyRawEvidence } from './verify-raw-evidence.ts';

/**
 * Verifies an attestation document by itself. The evidence then stands for a TEE that exists, and for the key of the
 * certificate in the document; whether the connection ends in that TEE cannot be seen.
 *
 * @throws VerifierError and EvidenceError as the steps do
 */
export async function examineDocument(
  document: AttestationDocument,
  options: AppraisalOptions,
  recorder: CheckRecorder,
): Promise<Findings> {
  const leaf = await checkLeaf(document.certificateChain, options, recorder);
  const kind = document.tee === 'sev-snp' ? 'snp-report' : 'quote';
  const raw = { kind, bytes: document.quote, stapled: document.collateral } as const;
  const evidence = await verifyRawEvidence(raw, options, recorder);
  const quoteTime = await recorder.step(
    'quoteTime',
    () => {
      const time = new Date(document.quoteTime);
      checkStatedTime(leaf, time, evidence, options.at);
      return time;
    },
    (time) => `report data covers the key of the document’s certificate and ${time.toISOString()}`,
  );
  recorder.skipped('binding', 'a document does not show whose connection it came over');
  const { values } = readAttestationExtensions(leaf);
  const workloads = await examineLogs(
    document,
    { evidence, extensions: values, issuer: undefined },
    recorder,
  );
  const chainVerified = options.caRoots !== undefined;
  return {
    evidence,
    certificate: leaf,
    chainVerified,
    // Anybody can put claims of their own around a key; no TLS handshake says that its holder presents them.
    extensions: chainVerified ? values : [],
    workloads,
    binding: 'none',
    quoteTime,
    at: options.at,
  };
}
