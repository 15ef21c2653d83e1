// SPDX-License-Identifier: Apache-2.0
import {
  parseCertificate,
  parseQuote,
  parseSnpReport,
  readAttestationExtensions,
  toHex,
} from '@proofgate/evidence';
import { VerifierError, type Register, type Verdict } from '@proofgate/verifier';

import type { PresentedEvidence } from '../judging/presented-evidence.ts';
import type { FirstUse } from './first-use-policy.ts';

/** What verified evidence proves, for a policy. */
export function firstUseOf(verdict: Verdict): FirstUse {
  const { evidence, extensions, workloads, binding } = verdict;
  return {
    tee: evidence.tee,
    trustAnchor: evidence.trustAnchor,
    measurements: evidence.measurements,
    ...(evidence.tee === 'sev-snp'
      ? { snpTcb: evidence.tcb.reported }
      : { evaluationNumber: evidence.tcb.evaluationNumber }),
    extensions,
    ...(workloads === undefined ? {} : { workloads }),
    binding,
  };
}

/**
 * What evidence says that could not be verified. Nothing is claimed beyond what stands in it: no root, no TCB, no
 * workloads, no binding.
 *
 * @throws VerifierError `ERR_EVIDENCE_MISSING`; EvidenceError when it cannot be parsed
 */
export function unverifiedFirstUse({ evidence }: PresentedEvidence): FirstUse {
  switch (evidence.kind) {
    case 'quote':
      return { ...quoteContent(evidence.bytes), extensions: [], binding: 'none' };
    case 'snp-report':
      return { ...snpContent(evidence.bytes), extensions: [], binding: 'none' };
    case 'certificate':
      return certificateContent(evidence.chain);
    case 'document':
      return certificateContent(evidence.document.certificateChain);
  }
}

function certificateContent([leaf]: readonly Uint8Array[]): FirstUse {
  const attestation =
    leaf === undefined ? undefined : readAttestationExtensions(parseCertificate(leaf));
  if (attestation?.quote === undefined) {
    throw new VerifierError('ERR_EVIDENCE_MISSING', 'the certificate carries no evidence');
  }
  const { quote, values } = attestation;
  const content = quote.kind === 'snp' ? snpContent(quote.bytes) : quoteContent(quote.bytes);
  return { ...content, extensions: values, binding: 'none' };
}

type Content = Pick<FirstUse, 'tee' | 'measurements'>;

function quoteContent(bytes: Uint8Array): Content {
  const quote = parseQuote(bytes);
  const { kind } = quote;
  if (kind === 'sgx') {
    const { mrEnclave, mrSigner } = quote.body;
    return { tee: kind, measurements: hexMap({ mrenclave: mrEnclave, mrsigner: mrSigner }) };
  }
  const { mrTd, rtmr } = quote.body;
  const [rtmr0, rtmr1, rtmr2, rtmr3] = rtmr;
  return { tee: kind, measurements: hexMap({ mrtd: mrTd, rtmr0, rtmr1, rtmr2, rtmr3 }) };
}

function snpContent(bytes: Uint8Array): Content {
  const { measurement } = parseSnpReport(bytes);
  return { tee: 'sev-snp', measurements: hexMap({ measurement }) };
}

function hexMap(values: Partial<Record<Register, Uint8Array>>): ReadonlyMap<Register, string> {
  // Sound: the keys of the object are registers.
  const entries = Object.entries(values) as [Register, Uint8Array][];
  return new Map(entries.map(([register, value]) => [register, toHex(value)]));
}
