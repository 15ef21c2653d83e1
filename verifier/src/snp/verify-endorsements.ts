// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '@proofgate/evidence';
import { P384 } from '../crypto/ecdsa.ts';
import { VerifierError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { AMD_ROOT } from '../roots/amd-root-keys.ts';
import { matchTrustedRoot, type TrustAnchor, type TrustedRoots } from '../roots/trust-anchor.ts';
import { checkAuthority, checkEndEntity } from '../x509/authority.ts';
import { checkCriticalExtensions } from '../x509/extensions.ts';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { type EcCertificateKey, importEcCertificateKey } from '../x509/ec-certificate-key.ts';
import { importCertificateKey } from '../x509/public-key.ts';
import { checkNotRevoked, verifyRevocationList } from '../x509/revocation-list.ts';
import { certificateWindow, checkWindows } from '../x509/time-window.ts';
import { readEndorsement, type SnpEndorsement } from './endorsement-extensions.ts';
import { productOfRoot } from './product.ts';

/** What vouches for the key behind an SNP report. */
export interface SnpEndorsements {
  /** DER: VCEK or VLEK, AMD's intermediate for it (ASK or ASVK), AMD's root (ARK). */
  readonly chain: readonly Uint8Array[];
  /** DER of AMD's revocation list, when the caller has one. */
  readonly revocationList?: Uint8Array;
}

/** An endorsed signing key. */
export interface VerifiedEndorsement {
  readonly trustAnchor: TrustAnchor;
  readonly endorsement: SnpEndorsement;
  readonly key: EcCertificateKey;
}

const ROOT = 'AMD’s root certificate';
const INTERMEDIATE = 'AMD’s intermediate certificate';
const LEAF = 'the VCEK or VLEK certificate';

/**
 * Verifies the chain of a VCEK or VLEK (AMD specification 57230).
 *
 * @throws VerifierError `ERR_CERT_*`, `ERR_CRL_*`, `ERR_SNP_EXTENSION`
 */
export async function verifyEndorsements(
  endorsements: SnpEndorsements,
  trusted: TrustedRoots,
  at: Date,
): Promise<VerifiedEndorsement> {
  const { leaf, intermediate, root } = readChain(endorsements.chain);
  const trustAnchor = await matchTrustedRoot(trusted, root, AMD_ROOT);
  const kind = checkRoles(leaf, intermediate, root);

  const rootIssuer = await issuerOf(root, ROOT);
  const intermediateIssuer = await issuerOf(intermediate, INTERMEDIATE);
  await inOrder([
    checkIssuedBy(root, rootIssuer, ROOT),
    checkIssuedBy(intermediate, rootIssuer, INTERMEDIATE),
    checkIssuedBy(leaf, intermediateIssuer, LEAF),
  ]);
  checkWindows(
    [
      certificateWindow(root, ROOT),
      certificateWindow(intermediate, INTERMEDIATE),
      certificateWindow(leaf, LEAF),
    ],
    at,
  );
  await checkRevocation(endorsements.revocationList, intermediate, rootIssuer, at);
  return {
    trustAnchor,
    endorsement: checkProduct(readEndorsement(leaf, kind), root),
    key: await importSigningKey(leaf),
  };
}

interface AmdChain {
  readonly leaf: Certificate;
  readonly intermediate: Certificate;
  readonly root: Certificate;
}

function readChain(chain: readonly Uint8Array[]): AmdChain {
  const [leaf, intermediate, root, ...more] = chain.slice(0, 4).map((der) => parseCertificate(der));
  if (leaf === undefined || intermediate === undefined || root === undefined || more.length > 0) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'AMD’s chain has the wrong length', {
      expected: '3 certificates: VCEK or VLEK, ASK or ASVK, ARK',
      seen: String(chain.length),
    });
  }
  return { leaf, intermediate, root };
}

// Common names say what a certificate is for; a VLEK intermediate must not vouch for a chip.
function checkRoles(
  leaf: Certificate,
  intermediate: Certificate,
  root: Certificate,
): 'vcek' | 'vlek' {
  checkAuthority(root, ROOT, 1);
  checkAuthority(intermediate, INTERMEDIATE, 0);
  checkEndEntity(leaf, LEAF);
  checkCriticalExtensions(root, ROOT);
  checkCriticalExtensions(intermediate, INTERMEDIATE);
  checkCriticalExtensions(leaf, LEAF);
  const kind = LEAF_KINDS.get(leaf.subject.commonName ?? '');
  if (kind === undefined) refuseRole(LEAF, 'SEV-VCEK or SEV-VLEK', leaf);
  const product = productOfRoot(root);
  if (product === undefined) refuseRole(ROOT, 'ARK- and a product', root);
  const expected = kind === 'vcek' ? `SEV-${product}` : `SEV-VLEK-${product}`;
  if (intermediate.subject.commonName !== expected) {
    refuseRole(INTERMEDIATE, expected, intermediate);
  }
  return kind;
}

const LEAF_KINDS: ReadonlyMap<string, 'vcek' | 'vlek'> = new Map([
  ['SEV-VCEK', 'vcek'],
  ['SEV-VLEK', 'vlek'],
]);

function refuseRole(what: string, expected: string, certificate: Certificate): never {
  throw new VerifierError('ERR_CERT_ROLE', `${what} is another kind of certificate`, {
    expected,
    seen: certificate.subject.commonName ?? 'no common name',
  });
}

function checkProduct(endorsement: SnpEndorsement, root: Certificate): SnpEndorsement {
  const expected = endorsement.product.name;
  if (productOfRoot(root) === expected) return endorsement;
  return refuseRole(ROOT, `ARK-${expected}`, root);
}

// AMD specification 56860, section 7.3: reports are signed with ECDSA on P-384.
async function importSigningKey(leaf: Certificate): Promise<EcCertificateKey> {
  const { algorithm } = leaf.publicKey;
  if (algorithm === 'ec-p384') return importEcCertificateKey(leaf, P384, LEAF);
  throw new VerifierError('ERR_SNP_SIGNATURE', `${LEAF} has a key that signs no reports`, {
    expected: 'ec-p384',
    seen: algorithm,
  });
}

async function issuerOf(certificate: Certificate, what: string): Promise<Issuer> {
  return { what, certificate, key: await importCertificateKey(certificate, what) };
}

// AMD's list is signed by the root and covers what the root issued: the intermediates.
async function checkRevocation(
  der: Uint8Array | undefined,
  intermediate: Certificate,
  root: Issuer,
  at: Date,
): Promise<void> {
  if (der === undefined) return;
  const list = await verifyRevocationList(der, root, 'AMD’s revocation list');
  checkWindows([list.window], at);
  checkNotRevoked(intermediate, list, INTERMEDIATE);
}
