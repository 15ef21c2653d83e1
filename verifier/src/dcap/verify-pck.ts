// SPDX-License-Identifier: Apache-2.0
import { type Certificate, equalBytes } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { checkNotRevoked } from '../x509/revocation-list.ts';
import { certificateWindow, checkWindows } from '../x509/time-window.ts';
import { checkRole, roleName } from './certificate-role.ts';
import { checkSameRoot } from './issuer-chain.ts';
import type { PckChain } from './pck-chain.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';
import { verifyUnderRoot } from './verify-under-root.ts';

/**
 * Verifies the PCK chain of a quote against prepared collateral.
 *
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_ISSUER`
 */
export async function verifyPck(
  chain: PckChain,
  collateral: PreparedCollateral,
  at: Date,
): Promise<void> {
  const what = roleName('pck');
  checkSameRoot(chain.root, collateral.root.certificate, 'the quote’s PCK chain');
  const ca = await verifyPckCa(chain.ca, collateral, at);
  checkRole(chain.pck, 'pck');
  await checkIssuedBy(chain.pck, ca, what);
  // Intel DCAP library, steps 4.1.2.5.7 and 4.1.2.5.8.
  checkNotRevoked(chain.pck, collateral.pckList, what);
  checkWindows([certificateWindow(chain.pck, what)], at);
}

// The CA is nearly always the one that was verified with the collateral. A reissued one of the same name and key is as
// good after the same checks; one with another key is not covered by the revocation list.
async function verifyPckCa(
  ca: Certificate,
  collateral: PreparedCollateral,
  at: Date,
): Promise<Issuer> {
  const known = collateral.pckCa;
  if (equalBytes(ca.raw, known.certificate.raw)) return known;
  const issuer = await verifyUnderRoot(ca, 'pck-ca', collateral.root);
  checkNotRevoked(ca, collateral.rootList, issuer.what);
  checkWindows([certificateWindow(ca, issuer.what)], at);
  checkCoveredByList(ca, known.certificate);
  return issuer;
}

function checkCoveredByList(ca: Certificate, listed: Certificate): void {
  const same = equalBytes(ca.subject.raw, listed.subject.raw) && equalBytes(ca.spki, listed.spki);
  if (same) return;
  throw new VerifierError('ERR_CRL_ISSUER', 'the PCK revocation list is another CA’s', {
    expected: ca.subject.text,
    seen: listed.subject.text,
    hint: 'fetch collateral for the CA that issued this platform’s PCK (platform or processor)',
  });
}
