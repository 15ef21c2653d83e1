// SPDX-License-Identifier: Apache-2.0
import {
  type AttestationDocument,
  parseCertificate,
  readAttestationExtensions,
} from '@proofgate/evidence';
import { checkStatedTime } from '../check-binding.ts';
import type { TdxClaims } from '../claims.ts';
import type { PolicySubject } from '../policy/subject.ts';
import { certificateWindow, checkedTime, checkWindows } from '../x509/time-window.ts';
import { checkClaimsAgainstLog, checkManifests } from './check-configuration.ts';
import { checkEventLog } from './check-event-log.ts';

/**
 * Demands that the parts of an attestation document belong to its quote: the certificate's key, the stated time, the
 * event log and the manifests. It is the step after {@link verifyQuote} where there is a document alone, as in a
 * browser, and takes far less code than {@link verifyEvidence}.
 *
 * The document is not bound to a connection: whoever sent it may have fetched it from the TEE. The result says so, and
 * has no claims of the certificate, whose issuer is not verified here.
 *
 * @param evidence from {@link verifyQuote} for `document.quote`
 * @returns what {@link applyPolicy} takes, with `binding` `none`
 * @throws VerifierError `ERR_CERT_*`, `ERR_BINDING_*`, `ERR_EVENT_LOG_*`, `ERR_EVIDENCE_MISMATCH`; EvidenceError for
 * malformed parts
 * @example
 * ```ts
 * const document = parseAttestationDocument(await (await fetch('/.well-known/attestation')).json());
 * const claims = await verifyQuote(document.quote, await prepareCollateral(collateral, { root: 'intel', at }), { at });
 * if (claims.tee !== 'tdx') throw new Error('not a TD');
 * applyPolicy(checkUnboundDocument(document, claims, { at }), policy);
 * ```
 */
export function checkUnboundDocument(
  document: AttestationDocument,
  evidence: TdxClaims,
  options: { readonly at: Date },
): PolicySubject & { readonly binding: 'none' } {
  const at = checkedTime(options.at);
  const [der = new Uint8Array()] = document.certificateChain;
  const leaf = parseCertificate(der);
  checkWindows([certificateWindow(leaf, 'the document’s certificate')], at);
  const quoteTime = new Date(document.quoteTime);
  checkStatedTime(leaf, quoteTime, evidence, at);
  const { values } = readAttestationExtensions(leaf);
  checkManifests(document.manifests, values);
  const workloads = checkEventLog(document.eventLog, evidence);
  checkClaimsAgainstLog({ extensions: values, issuer: undefined }, document.eventLog, workloads);
  return {
    evidence,
    extensions: [],
    chainVerified: false,
    workloads,
    binding: 'none',
    quoteTime,
    at,
  };
}
