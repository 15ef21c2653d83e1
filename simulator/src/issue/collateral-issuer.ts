// SPDX-License-Identifier: Apache-2.0
import { toHex, utf8, type Collateral } from '@proofgate/evidence';
import type {
  PlatformDescription,
  QuoteKind,
  SignedDocument,
} from '../description/platform-description.ts';
import type { QeIdentity, TcbInfo } from '../description/tcb-documents.ts';
import { signRaw } from '../signing-key.ts';
import type { CertificateIssuer } from './certificate-issuer.ts';
import { periodFrom } from './period.ts';
import { issueRevocationList } from './revocation-list.ts';

/**
 * Issues the collateral of a platform.
 *
 * @param description - the platform
 * @param kind - for which quotes
 * @param certificates - issues the chains
 * @param issueTime - when
 * @returns the bundle
 */
export function issueCollateral(
  description: PlatformDescription,
  kind: QuoteKind,
  certificates: CertificateIssuer,
  issueTime: Date,
): Collateral {
  const { tcbInfo, qeIdentity } = description.collateral[kind];
  const signedTcbInfo = issueDocument(tcbInfo, issueTime);
  const signedQeIdentity = issueDocument(qeIdentity, issueTime);
  const { pckCa, root } = description.certificates;
  return {
    pck_crl_issuer_chain: certificates.chainPem([pckCa, root]),
    root_ca_crl: issueRevocationList(description.rootCrl, issueTime),
    pck_crl: issueRevocationList(description.pckCrl, issueTime),
    tcb_info_issuer_chain: certificates.chainPem(tcbInfo.chain),
    tcb_info: signedTcbInfo.text,
    tcb_info_signature: signedTcbInfo.signature,
    qe_identity_issuer_chain: certificates.chainPem(qeIdentity.chain),
    qe_identity: signedQeIdentity.text,
    qe_identity_signature: signedQeIdentity.signature,
  };
}

/** The signature covers exactly the bytes of the text: compact JSON, the dates behind `version` as Intel has them. */
function issueDocument(
  document: SignedDocument<TcbInfo | QeIdentity>,
  issueTime: Date,
): { text: string; signature: string } {
  const { id, version, ...rest } = document.content;
  const { from, until } = periodFrom(document.period, issueTime);
  const text = JSON.stringify({
    id,
    version,
    issueDate: toSeconds(from),
    nextUpdate: toSeconds(until),
    ...rest,
  });
  return { text, signature: toHex(signRaw(document.signedBy, utf8(text))) };
}

function toSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
