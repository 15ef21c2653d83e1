// SPDX-License-Identifier: Apache-2.0
import type { CertificateExtension } from '@proofgate/evidence';
import { newSigningKey, type PlatformDescription, simulatedFault } from '@proofgate/simulator';
import { reissued, unknownExtension } from '../making/certificates.ts';
import { altered, type EvidencePart } from '../making/make-parts.ts';
import { type Alteration, AT, DAY_MS } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

const CA_PARTS: readonly EvidencePart[] = ['quote', 'collateral.pck_crl_issuer_chain'];
const SIGNER_PARTS: readonly EvidencePart[] = [
  'collateral.tcb_info_issuer_chain',
  'collateral.qe_identity_issuer_chain',
];

/** The text stays: who signed it is another. */
const TCB_INFO_SIGNER: readonly EvidencePart[] = [
  'collateral.tcb_info_issuer_chain',
  'collateral.tcb_info_signature',
];

/** Root, PCK CA and TCB signer (Intel DCAP library, steps 4.1.2.5.3 to .6). */
export const DCAP_AUTHORITIES: CatalogueArea = {
  area: 'authorities of quotes and collateral',
  rules: [
    authority('pck-ca-is-a-ca', 'The PCK CA is a CA.', CA_PARTS, simulatedFault('N37').apply, {
      code: 'ERR_CERT_NOT_A_CA',
    }),
    authority(
      'pck-ca-signs-certificates',
      'The PCK CA may sign certificates.',
      CA_PARTS,
      ({ certificates }) => {
        certificates.pckCa.keyUsage = ['cRLSign'];
      },
      { code: 'ERR_CERT_KEY_USAGE' },
    ),
    authority(
      'pck-ca-signs-lists',
      'The PCK CA may sign revocation lists.',
      CA_PARTS,
      ({ certificates }) => {
        certificates.pckCa.keyUsage = ['keyCertSign'];
      },
      { code: 'ERR_CERT_KEY_USAGE' },
    ),
    authority(
      'pck-ca-role',
      'The subject of the PCK CA is an SGX PCK Platform or Processor CA.',
      ['collateral.pck_crl_issuer_chain'],
      ({ certificates }) => {
        certificates.pckCa.commonName = 'SIMULATED SGX TCB Signing';
      },
      { code: 'ERR_CERT_ROLE' },
    ),
    authority(
      'pck-ca-signature',
      'The root signs the PCK CA.',
      ['collateral.pck_crl_issuer_chain'],
      ({ certificates: { pckCa, root } }) => {
        pckCa.issuer = { ...root, key: { ...newSigningKey(), keyId: root.key.keyId } };
      },
      { code: 'ERR_CERT_SIGNATURE' },
    ),
    ...(['pckCa', 'tcbSigner'] as const).flatMap(issuedByRoot),
    authority(
      'pck-ca-reissued',
      'A PCK CA in the quote may be a reissue of the collateral’s, with the same key.',
      ['quote'],
      withOtherCa((ca) => {
        ca.key = newSigningKey();
      }),
      {
        code: 'ERR_CRL_ISSUER',
        accepted: withOtherCa((ca) => {
          ca.notAfter = new Date(ca.notAfter.getTime() - DAY_MS);
        }),
      },
    ),
    authority(
      'pck-ca-reissued-current',
      'A reissued PCK CA is valid at the time of verification.',
      ['quote'],
      withOtherCa((ca) => {
        ca.notAfter = new Date(AT.getTime() - 1000);
      }),
      {
        code: 'ERR_CERT_EXPIRED',
        accepted: withOtherCa((ca) => {
          ca.notAfter = AT;
        }),
      },
    ),
    {
      id: 'pck-ca-reissued-not-revoked',
      rule: 'A reissued PCK CA is not on the root’s list.',
      fixture: 'tdx',
      with: altered(['quote'], withOtherCa(renumber)),
      refused: altered(['collateral.root_ca_crl'], ({ rootCrl, certificates }) => {
        const revoked = { ...certificates.pckCa };
        renumber(revoked);
        rootCrl.revoked.push(revoked);
      }),
      code: 'ERR_CERT_REVOKED',
    },
    authority(
      'tcb-signer-role',
      'The subject of the TCB signer is SGX TCB Signing: a PCK signs no TCB information.',
      SIGNER_PARTS,
      ({ certificates }) => {
        certificates.tcbSigner.commonName = 'SIMULATED SGX PCK Certificate';
      },
      { code: 'ERR_CERT_ROLE' },
    ),
    authority(
      'tcb-signer-under-root',
      'The TCB signer stands directly under the root.',
      TCB_INFO_SIGNER,
      simulatedFault('N13').apply,
      { code: 'ERR_CERT_CHAIN_LENGTH' },
    ),
    authority(
      'tcb-signer-is-no-pck-ca',
      'The PCK CA, though certified by the root, is no TCB signer.',
      TCB_INFO_SIGNER,
      simulatedFault('N36').apply,
      { code: 'ERR_CERT_ROLE' },
    ),
    authority(
      'tcb-signer-not-a-ca',
      'The TCB signer is no CA.',
      SIGNER_PARTS,
      ({ certificates }) => {
        certificates.tcbSigner.basicConstraints = { ca: true };
      },
      { code: 'ERR_CERT_IS_A_CA' },
    ),
    authority(
      'tcb-signer-key-usage',
      'The TCB signer may sign data.',
      SIGNER_PARTS,
      ({ certificates }) => {
        certificates.tcbSigner.keyUsage = ['nonRepudiation'];
      },
      { code: 'ERR_CERT_KEY_USAGE' },
    ),
    authority(
      'tcb-signer-signature',
      'The root signs the TCB signer.',
      SIGNER_PARTS,
      ({ certificates: { tcbSigner, root } }) => {
        tcbSigner.issuer = { ...root, key: { ...newSigningKey(), keyId: root.key.keyId } };
      },
      { code: 'ERR_CERT_SIGNATURE' },
    ),
    ...(['tcbInfo', 'qeIdentity'] as const).map(oneRoot),
    root('root-role', 'The subject of the root is an SGX Root CA.', 'ERR_CERT_ROLE', (platform) => {
      platform.certificates.root.commonName = 'SIMULATED Root CA';
    }),
    root(
      'root-path-length',
      'The root’s path length allows a CA.',
      'ERR_CERT_PATH_LENGTH',
      (platform) => {
        platform.certificates.root.basicConstraints = { ca: true, pathLength: 0 };
      },
    ),
    root(
      'root-signs-lists',
      'The root may sign revocation lists.',
      'ERR_CERT_KEY_USAGE',
      (platform) => {
        platform.certificates.root.keyUsage = ['keyCertSign'];
      },
    ),
    root(
      'root-self-signature',
      'The root’s signature is its own.',
      'ERR_CERT_SIGNATURE',
      (platform) => {
        const { root: certificate, pckCa } = platform.certificates;
        certificate.encoded = reissued(certificate.encoded, pckCa.key.privateKey, (same) => same);
      },
    ),
  ],
};

function authority(
  id: string,
  rule: string,
  parts: readonly EvidencePart[],
  refused: Alteration,
  { code, accepted }: { readonly code: CatalogueRule['code']; readonly accepted?: Alteration },
): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'tdx',
    ...(accepted && { accepted: altered(parts, accepted) }),
    refused: altered(parts, refused),
    code,
  };
}

/** A rule about the root, which a caller pins: with another root, everything that names it is another. */
function root(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  refused: Alteration,
): CatalogueRule {
  const parts: readonly EvidencePart[] = ['root', ...CA_PARTS, ...SIGNER_PARTS];
  return { id, rule, fixture: 'tdx', refused: altered(parts, refused), code };
}

/** Who issued a certificate under the root, and what it may say (RFC 5280, section 6.1). */
function issuedByRoot(name: 'pckCa' | 'tcbSigner'): CatalogueRule[] {
  const [id, what, parts] =
    name === 'pckCa'
      ? (['pck-ca', 'PCK CA', ['collateral.pck_crl_issuer_chain']] as const)
      : (['tcb-signer', 'TCB signer', SIGNER_PARTS] as const);
  const adding =
    (extension: CertificateExtension): Alteration =>
    ({ certificates: { [name]: certificate, root: issuer } }) => {
      const { privateKey } = issuer.key;
      certificate.encoded = reissued(certificate.encoded, privateKey, (content) => ({
        ...content,
        extensions: [...content.extensions, extension],
      }));
    };
  return [
    authority(
      `${id}-issuer-name`,
      `The ${what} names the subject of the root as issuer.`,
      parts,
      ({ certificates }) => {
        certificates[name].issuerCommonName = 'SIMULATED SGX PCK Platform CA';
      },
      { code: 'ERR_CERT_ISSUER' },
    ),
    authority(
      `${id}-authority-key-id`,
      `The ${what}’s authority key identifier is the root’s key identifier.`,
      parts,
      ({ certificates }) => {
        const { key } = certificates.root;
        const other = { ...key, keyId: new Uint8Array(20).fill(1) };
        certificates[name].issuer = { ...certificates.root, key: other };
      },
      { code: 'ERR_CERT_KEY_ID' },
    ),
    authority(
      `${id}-critical-extension`,
      `No critical extension of the ${what} is unknown.`,
      parts,
      adding(unknownExtension(true)),
      { accepted: adding(unknownExtension(false)), code: 'ERR_CERT_CRITICAL_EXTENSION' },
    ),
  ];
}

/** A rule about one of the two chains that end at the root of the others. */
function oneRoot(name: 'tcbInfo' | 'qeIdentity'): CatalogueRule {
  const [id, part] =
    name === 'tcbInfo'
      ? (['tcb-info-chain-root', 'collateral.tcb_info_issuer_chain'] as const)
      : (['qe-identity-chain-root', 'collateral.qe_identity_issuer_chain'] as const);
  const otherRoot: Alteration = ({ collateral, certificates: { root: sound, tcbSigner } }) => {
    const other = { ...sound, key: newSigningKey() };
    collateral.tdx[name].chain = [{ ...tcbSigner, issuer: other }, other];
  };
  return authority(id, 'All chains of the collateral end at the same root.', [part], otherRoot, {
    code: 'ERR_CERT_ROOT_UNTRUSTED',
  });
}

/** Gives a certificate another key identifier, and with it another serial number; the key stays. */
function renumber(certificate: PlatformDescription['certificates']['pckCa']): void {
  certificate.key = { ...certificate.key, keyId: new Uint8Array(20).fill(1) };
}

/** Puts another PCK CA into the quote, which issued the PCK. */
function withOtherCa(
  change: (ca: PlatformDescription['certificates']['pckCa']) => void,
): Alteration {
  return ({ certificates, quote }) => {
    const reissuedCa = { ...certificates.pckCa };
    change(reissuedCa);
    certificates.pck.issuer = reissuedCa;
    quote.chain = [certificates.pck, reissuedCa, certificates.root];
  };
}
