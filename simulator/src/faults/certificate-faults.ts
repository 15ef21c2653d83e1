// SPDX-License-Identifier: Apache-2.0
import type {
  CertificateDescription,
  PlatformDescription,
} from '../description/platform-description.ts';
import { newSigningKey } from '../signing-key.ts';
import type { SimulatedFault } from './simulated-fault.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is wrong with certificates and who issued them. */
export const CERTIFICATE_FAULTS: readonly SimulatedFault[] = [
  {
    id: 'N5',
    differs: 'quote with a complete PKI of an attacker, same names, below the genuine collateral',
    expected: { kind: 'refused', area: 'certificate-chain' },
    apply(platform) {
      const { root, pckCa, pck } = platform.certificates;
      const falseRoot = withNewKey(root);
      const falseCa = { ...withNewKey(pckCa), issuer: falseRoot };
      const falsePck = { ...withNewKey(pck), issuer: falseCa };
      platform.quote.chain = [falsePck, falseCa, falseRoot];
      platform.quotingEnclaves.tdx.signedBy = falsePck.key;
    },
  },
  {
    id: 'N6',
    differs: 'PCK certificate revoked',
    expected: { kind: 'refused', area: 'certificate-revoked' },
    apply({ pckCrl, certificates }) {
      pckCrl.revoked.push(certificates.pck);
    },
  },
  {
    id: 'N8',
    differs: 'PCK CA revoked',
    expected: { kind: 'refused', area: 'certificate-revoked' },
    apply({ rootCrl, certificates }) {
      rootCrl.revoked.push(certificates.pckCa);
    },
  },
  {
    id: 'N9',
    differs: 'TCB signer revoked',
    expected: { kind: 'refused', area: 'certificate-revoked' },
    apply({ rootCrl, certificates }) {
      rootCrl.revoked.push(certificates.tcbSigner);
    },
  },
  {
    id: 'N22',
    differs: 'PCK CA is no CA and may not sign certificates or revocation lists',
    expected: { kind: 'refused', area: 'certificate-chain' },
    apply({ certificates: { pckCa } }) {
      pckCa.basicConstraints = { ca: false };
      pckCa.keyUsage = ['digitalSignature', 'nonRepudiation'];
    },
  },
  {
    id: 'N23',
    differs: 'PCK certificate issued by another PCK certificate: a chain of four',
    expected: { kind: 'refused', area: 'certificate-chain' },
    apply({ certificates, quote, quotingEnclaves }) {
      const subordinate = { ...withNewKey(certificates.pck), issuer: certificates.pck };
      quote.chain.unshift(subordinate);
      quotingEnclaves.tdx.signedBy = subordinate.key;
    },
  },
  {
    id: 'N26',
    differs: 'PCK certificate expired',
    expected: { kind: 'refused', area: 'certificate-validity' },
    apply({ at, certificates }) {
      certificates.pck.notAfter = yesterday(at);
    },
  },
  {
    id: 'N27',
    differs: 'all certificates expired',
    expected: { kind: 'refused', area: 'certificate-validity' },
    apply({ at, certificates: { root, pckCa, pck, tcbSigner } }) {
      for (const certificate of [root, pckCa, pck, tcbSigner]) certificate.notAfter = yesterday(at);
    },
  },
  {
    id: 'N35',
    differs: 'issuer name of the PCK certificate is not the subject of the PCK CA',
    expected: { kind: 'refused', area: 'certificate-chain' },
    apply({ certificates: { pck } }) {
      pck.issuerCommonName = 'SIMULATED SGX PCK Processor CA';
    },
  },
  {
    id: 'N37',
    differs: 'PCK CA is no CA, though it may sign certificates and revocation lists',
    expected: { kind: 'refused', area: 'certificate-chain' },
    apply({ certificates: { pckCa } }) {
      pckCa.basicConstraints = { ca: false };
    },
  },
];

// A certificate that was read from disk is used as it is: its copy has to be issued anew, or it would keep the old key.
function withNewKey(certificate: CertificateDescription): CertificateDescription {
  const copy = { ...certificate, key: newSigningKey() };
  delete copy.encoded;
  return copy;
}

function yesterday(at: PlatformDescription['at']): Date {
  return new Date(at.getTime() - DAY_MS);
}
