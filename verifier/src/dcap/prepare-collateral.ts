// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  type Collateral,
  equalBytes,
  EvidenceError,
  fromHex,
} from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { INTEL_ROOT } from '../roots/intel-sgx-root.ts';
import { matchTrustedRoot, type TrustedRoots } from '../roots/trust-anchor.ts';
import type { Issuer } from '../x509/issued-by.ts';
import { checkNotRevoked, verifyRevocationList } from '../x509/revocation-list.ts';
import {
  certificateWindow,
  checkedTime,
  checkWindows,
  type TimeWindow,
} from '../x509/time-window.ts';
import type { DatedDocument } from './collateral-document.ts';
import { checkSameRoot, readRootedCertificate } from './issuer-chain.ts';
import { PlatformKeys } from './platform-keys.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';
import { parseQeIdentity } from './qe-identity.ts';
import { parseTcbInfo } from './tcb-info.ts';
import { verifyDocumentSignature } from './verify-document-signature.ts';
import { verifyRoot } from './verify-root.ts';
import { verifyUnderRoot } from './verify-under-root.ts';

/** How collateral is judged. */
export interface PrepareOptions {
  /** The trust anchors that are accepted for it. */
  readonly root: TrustedRoots;
  /** The time of verification. */
  readonly at: Date;
}

const TCB_INFO = 'TCB info';
const QE_IDENTITY = 'QE identity';
const ROOT_LIST = 'the root CA’s revocation list';
const PCK_LIST = 'the PCK CA’s revocation list';

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
  const trustAnchor = await matchTrustedRoot(options.root, certificates.root, INTEL_ROOT);

  const root = await verifyRoot(certificates.root);
  const [rootList, pckCa, tcbSigner, qeSigner] = await inOrder([
    verifyRevocationList(decodeList(collateral.root_ca_crl, ROOT_LIST), root, ROOT_LIST),
    verifyUnderRoot(certificates.pckCa, 'pck-ca', root),
    ...verifySigners(certificates.tcbSigner, certificates.qeSigner, root),
  ]);
  const [pckList] = await inOrder([
    verifyRevocationList(decodeList(collateral.pck_crl, PCK_LIST), pckCa, PCK_LIST),
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
  for (const issuer of [root, pckCa, tcbSigner, qeSigner]) {
    checkNotRevoked(issuer.certificate, rootList, issuer.what);
  }

  const tcbInfo = parseTcbInfo(collateral.tcb_info);
  const qeIdentity = parseQeIdentity(collateral.qe_identity);
  if (tcbInfo.tee !== qeIdentity.tee) {
    throw new VerifierError('ERR_DCAP_COLLATERAL_MISMATCH', 'the parts are for different TEEs', {
      expected: `QE identity for ${tcbInfo.tee}`,
      seen: `QE identity for ${qeIdentity.tee}`,
    });
  }
  const windows = [
    ...[root, pckCa, tcbSigner, qeSigner].map((issuer) =>
      certificateWindow(issuer.certificate, issuer.what),
    ),
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
  readonly root: Certificate;
  readonly pckCa: Certificate;
  readonly tcbSigner: Certificate;
  readonly qeSigner: Certificate;
}

function readCertificates(collateral: Collateral): CollateralCertificates {
  const pckCa = readRootedCertificate(collateral.pck_crl_issuer_chain, 'the PCK CRL’s chain');
  const tcbSigner = readRootedCertificate(collateral.tcb_info_issuer_chain, 'TCB info’s chain');
  // Intel sends one chain with both documents.
  const qeSigner =
    collateral.qe_identity_issuer_chain === collateral.tcb_info_issuer_chain
      ? tcbSigner
      : readRootedCertificate(collateral.qe_identity_issuer_chain, 'QE identity’s chain');
  checkSameRoot(tcbSigner.root, pckCa.root, 'TCB info’s chain');
  checkSameRoot(qeSigner.root, pckCa.root, 'QE identity’s chain');
  return {
    root: pckCa.root,
    pckCa: pckCa.certificate,
    tcbSigner: tcbSigner.certificate,
    qeSigner: qeSigner.certificate,
  };
}

// Both documents usually come from one signer, which then needs to be verified once.
function verifySigners(
  tcbSigner: Certificate,
  qeSigner: Certificate,
  root: Issuer,
): readonly [Promise<Issuer>, Promise<Issuer>] {
  const first = verifyUnderRoot(tcbSigner, 'tcb-signer', root);
  const same = equalBytes(tcbSigner.raw, qeSigner.raw);
  return [first, same ? first : verifyUnderRoot(qeSigner, 'tcb-signer', root)];
}

function decodeList(hex: string, what: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new VerifierError('ERR_CRL_UNREADABLE', `${what} is not hex`, { cause });
  }
}

function documentWindow(document: DatedDocument, what: string): TimeWindow {
  return {
    what,
    from: document.issueDate,
    until: document.nextUpdate,
    tooEarly: 'ERR_DCAP_COLLATERAL_NOT_YET_VALID',
    tooLate: 'ERR_DCAP_COLLATERAL_EXPIRED',
  };
}
