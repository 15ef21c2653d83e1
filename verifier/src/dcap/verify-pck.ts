// SPDX-License-Identifier: Apache-2.0
import { type AuthorityCertificate, equalBytes } from '@proofgate/evidence';
import { refuse } from '../errors.ts';
import { checkIssuedBy } from '../x509/issued-by.ts';
import { checkNotRevoked } from '../x509/revocation-list.ts';
import { certificateWindow, checkWindows } from '../x509/time-window.ts';
import { checkRole, roleName } from './certificate-role.ts';
import { type DcapIssuer, dcapIssuer, verifyDcapIssuer } from './dcap-issuer.ts';
import { checkSameRoot, type PckChain } from './issuer-chain.ts';
import { PCK_CHAIN } from './platform-keys.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';

/**
 * Verifies the PCK chain of a quote against prepared collateral.
 *
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_ISSUER`
 */
export async function verifyPck(
  [pck, ca, root]: PckChain,
  collateral: PreparedCollateral,
  at: Date,
): Promise<void> {
  const what = roleName('pck');
  checkSameRoot(root, collateral.root.certificate, PCK_CHAIN);
  const issuer = await verifyPckCa(ca, collateral, at);
  checkRole(pck, 'pck');
  await checkIssuedBy(pck, issuer, what);
  // Intel DCAP library, steps 4.1.2.5.7 and 4.1.2.5.8.
  checkNotRevoked(pck, collateral.pckList, what);
  checkWindows([certificateWindow(pck, what)], at);
}

// The CA is nearly always the one that was verified with the collateral. A reissued one of the same name and key is as
// good after the same checks; one with another key is not covered by the revocation list.
async function verifyPckCa(
  ca: AuthorityCertificate,
  collateral: PreparedCollateral,
  at: Date,
): Promise<DcapIssuer> {
  const known = collateral.pckCa;
  if (equalBytes(ca.raw, known.certificate.raw)) return known;
  const issuer = await dcapIssuer(ca, 'pck-ca');
  await verifyDcapIssuer(issuer, collateral.root);
  checkNotRevoked(ca, collateral.rootList, issuer.what);
  checkWindows([certificateWindow(ca, issuer.what)], at);
  checkCoveredByList(ca, known.certificate);
  return issuer;
}

function checkCoveredByList(ca: AuthorityCertificate, listed: AuthorityCertificate): void {
  const same = equalBytes(ca.subject.raw, listed.subject.raw) && equalBytes(ca.spki, listed.spki);
  if (same) return;
  refuse(
    'ERR_CRL_ISSUER',
    'the revocation list of the PCK CA',
    `issued by ${ca.subject.text}`,
    listed.subject.text,
    'fetch collateral for the CA of this platform',
  );
}
