// SPDX-License-Identifier: Apache-2.0
import { type AuthorityCertificate, type Collateral, readHex } from '@proofgate/evidence';
import { refuse } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { INTEL_ROOT } from '../roots/intel-sgx-root.ts';
import { matchTrustedRoot, type TrustedRoots } from '../roots/trust-anchor.ts';
import { checkNotRevoked, verifyRevocationList } from '../x509/revocation-list.ts';
import {
  certificateWindow,
  checkedTime,
  checkWindows,
  type TimeWindow,
  timeWindow,
} from '../x509/time-window.ts';
import type { DatedDocument } from './collateral-document.ts';
import { dcapIssuer, verifyDcapIssuer } from './dcap-issuer.ts';
import { checkSameRoot, readChain, type RootedCertificate } from './issuer-chain.ts';
import { PlatformKeys } from './platform-keys.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';
import { parseQeIdentity } from './qe-identity.ts';
import { parseTcbInfo } from './tcb-info.ts';
import { verifyDocumentSignature } from './verify-document-signature.ts';

/** How collateral is judged. */
export interface PrepareOptions {
  /** The trust anchors that are accepted for it. */
  readonly root: TrustedRoots;
  /** The time of verification. */
  readonly at: Date;
}

const TCB_INFO = 'TCB info';
const QE_IDENTITY = 'QE identity';
const TCB_CHAIN = 'the chain of TCB info';
const QE_CHAIN = 'the chain of QE identity';
const ROOT_LIST = 'the revocation list of the root CA';
const PCK_LIST = 'the revocation list of the PCK CA';

/**
 * Verifies everything about collateral that does not depend on a quote: chains, revocation lists, and the signatures
 * and dates of TCB info and QE identity. Do it once for each refresh; {@link verifyQuote} then costs three signatures.
 *
 * @param collateral as fetched, stapled or read from a bundle; nothing in it is trusted
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_*`, `ERR_DCAP_COLLATERAL_*`; EvidenceError for unreadable parts
 */
export async function prepareCollateral(
  collateral: Collateral,
  options: PrepareOptions,
): Promise<PreparedCollateral> {
  const at = checkedTime(options.at);
  const certificates = readCertificates(collateral);
  const imported = dcapIssuer(certificates.tcbSigner, 'tcb-signer');
  // Keys first, then all signatures at once. Nothing that a key says is believed before every check has passed.
  const [trustAnchor, root, pckCa, tcbSigner, qeSigner] = await inOrder([
    matchTrustedRoot(options.root, certificates.root, INTEL_ROOT),
    dcapIssuer(certificates.root, 'root'),
    dcapIssuer(certificates.pckCa, 'pck-ca'),
    imported,
    // Both documents usually come from one signer, which then needs to be verified once.
    certificates.qeSigner === certificates.tcbSigner
      ? imported
      : dcapIssuer(certificates.qeSigner, 'tcb-signer'),
  ]);
  const issuers = [...new Set([root, pckCa, tcbSigner, qeSigner])];
  const [, rootList, pckList] = await inOrder([
    inOrder(issuers.map((issuer) => verifyDcapIssuer(issuer, root))),
    verifyRevocationList(readHex(collateral.root_ca_crl), root, ROOT_LIST),
    verifyRevocationList(readHex(collateral.pck_crl), pckCa, PCK_LIST),
    verifyDocumentSignature(
      collateral.tcb_info,
      collateral.tcb_info_signature,
      tcbSigner,
      TCB_INFO,
    ),
    verifyDocumentSignature(
      collateral.qe_identity,
      collateral.qe_identity_signature,
      qeSigner,
      QE_IDENTITY,
    ),
  ]);
  for (const issuer of issuers) {
    checkNotRevoked(issuer.certificate, rootList, issuer.what);
  }

  const tcbInfo = parseTcbInfo(collateral.tcb_info);
  const qeIdentity = parseQeIdentity(collateral.qe_identity);
  if (tcbInfo.tee !== qeIdentity.tee) {
    refuse('ERR_DCAP_COLLATERAL_MISMATCH', QE_IDENTITY, `for ${tcbInfo.tee}`, qeIdentity.tee);
  }
  const windows = [
    ...issuers.map((issuer) => certificateWindow(issuer.certificate, issuer.what)),
    rootList.window,
    pckList.window,
    documentWindow(tcbInfo, TCB_INFO),
    documentWindow(qeIdentity, QE_IDENTITY),
  ];
  checkWindows(windows, at);

  return {
    tee: tcbInfo.tee,
    trustAnchor,
    tcbInfo,
    qeIdentity,
    validUntil: new Date(Math.min(...windows.map((window) => window.until.getTime()))),
    root,
    pckCa,
    rootList,
    pckList,
    platformKeys: new PlatformKeys(),
    windows,
  };
}

interface CollateralCertificates {
  readonly root: AuthorityCertificate;
  readonly pckCa: AuthorityCertificate;
  readonly tcbSigner: AuthorityCertificate;
  readonly qeSigner: AuthorityCertificate;
}

function readCertificates(collateral: Collateral): CollateralCertificates {
  const read = (pem: string, what: string, ...known: AuthorityCertificate[]): RootedCertificate =>
    readChain(pem, 2, what, known);
  const [pckCa, root] = read(collateral.pck_crl_issuer_chain, 'the chain of the PCK CRL');
  const [tcbSigner, tcbRoot] = read(collateral.tcb_info_issuer_chain, TCB_CHAIN, root);
  // Intel sends one chain with both documents.
  const [qeSigner, qeRoot] = read(collateral.qe_identity_issuer_chain, QE_CHAIN, root, tcbSigner);
  checkSameRoot(tcbRoot, root, TCB_CHAIN);
  checkSameRoot(qeRoot, root, QE_CHAIN);
  return { root, pckCa, tcbSigner, qeSigner };
}

function documentWindow({ issueDate, nextUpdate }: DatedDocument, what: string): TimeWindow {
  return timeWindow(
    what,
    issueDate,
    nextUpdate,
    'ERR_DCAP_COLLATERAL_NOT_YET_VALID',
    'ERR_DCAP_COLLATERAL_EXPIRED',
  );
}
