// SPDX-License-Identifier: Apache-2.0
import {
  concatBytes,
  decodePem,
  derElement,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  encodePem,
  parseCertificate,
  SGX_PCK_EXTENSION_OID,
  SIGNATURE_ALGORITHM,
  subjectAltNameExtension,
  type TbsCertificate,
} from '@proofgate/evidence';
import { newSigningKey, type PlatformDescription, simulatedFault } from '@proofgate/simulator';
import { newKeys, reissued, spkiOf, unknownExtension } from '../making/certificates.ts';
import { altered, fixed } from '../making/make-parts.ts';
import { reassembled } from '../making/quotes.ts';
import type { Alteration } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

/** Another extension that nobody knows, with an OID of the same length. */
const ANOTHER = { ...unknownExtension(false), oid: '1.3.6.1.4.1.65230.99.2' };
/** Names for TLS, which nobody compares here. */
const NAMES = subjectAltNameExtension({ dns: ['pck.test'] });
/** DER tag of an INTEGER. */
const INTEGER = 0x02;
const SHA256_OID = derOid(SIGNATURE_ALGORITHM.ecdsaSha256);
const SHA384_OID = derOid(SIGNATURE_ALGORITHM.ecdsaSha384);

/** The path from the PCK to the pinned root (Intel DCAP library, steps 4.1.2.5.3 to .8; RFC 5280, section 6). */
export const DCAP_CERTIFICATES: CatalogueArea = {
  area: 'certificates of a quote',
  rules: [
    {
      id: 'dcap-root-pinned',
      rule: 'The chain ends at a root that the caller named.',
      fixture: 'tdx',
      refused: fixed({ root: 'ab'.repeat(32) }),
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    },
    pck('dcap-root-of-quote', 'The root in the quote is that of the collateral, byte for byte.', {
      refused: simulatedFault('N5').apply,
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    }),
    pck('pck-chain-of-three', 'The chain in a quote has three certificates: no PCK issues one.', {
      refused: simulatedFault('N23').apply,
      code: 'ERR_CERT_CHAIN_LENGTH',
    }),
    pck('pck-chain-with-root', 'The chain in a quote includes its root.', {
      refused: ({ quote }) => {
        quote.chain.pop();
      },
      code: 'ERR_CERT_CHAIN_LENGTH',
    }),
    pck('pck-issuer-name', 'The PCK names the subject of its CA as issuer.', {
      refused: simulatedFault('N35').apply,
      code: 'ERR_CERT_ISSUER',
    }),
    pck('pck-authority-key-id', 'The PCK’s authority key identifier is its CA’s key identifier.', {
      refused: issuedBy((ca) => ({ ...ca, keyId: new Uint8Array(20).fill(1) })),
      code: 'ERR_CERT_KEY_ID',
    }),
    pck('pck-signature', 'The PCK CA signs the PCK certificate.', {
      refused: issuedBy((ca) => ({ ...newSigningKey(), keyId: ca.keyId })),
      code: 'ERR_CERT_SIGNATURE',
    }),
    pck('pck-role', 'The subject of the PCK certificate is an SGX PCK Certificate.', {
      refused: ({ certificates }) => {
        certificates.pck.commonName = 'SIMULATED SGX TCB Signing';
      },
      code: 'ERR_CERT_ROLE',
    }),
    pck('pck-not-a-ca', 'The PCK certificate is no CA.', {
      refused: ({ certificates }) => {
        certificates.pck.basicConstraints = { ca: true };
      },
      code: 'ERR_CERT_IS_A_CA',
    }),
    pck('pck-signs-no-certificates', 'The PCK may not sign certificates.', {
      refused: ({ certificates }) => {
        certificates.pck.keyUsage = ['digitalSignature', 'nonRepudiation', 'keyCertSign'];
      },
      code: 'ERR_CERT_IS_A_CA',
    }),
    pck('pck-key-usage', 'The PCK may sign data.', {
      refused: ({ certificates }) => {
        certificates.pck.keyUsage = ['nonRepudiation'];
      },
      code: 'ERR_CERT_KEY_USAGE',
    }),
    pck('pck-critical-extension', 'No critical extension is unknown.', {
      accepted: withPck(adding(unknownExtension(false))),
      refused: withPck(adding(unknownExtension(true))),
      code: 'ERR_CERT_CRITICAL_EXTENSION',
    }),
    pck('pck-enforced-extension', 'No critical extension is known but not enforced.', {
      accepted: withPck(adding({ ...NAMES, critical: false })),
      refused: withPck(adding({ ...NAMES, critical: true })),
      code: 'ERR_CERT_CRITICAL_EXTENSION',
    }),
    pck('pck-key-curve', 'Keys of Intel’s PKI are on P-256.', {
      refused: withPck((content) => ({ ...content, spki: spkiOf(newKeys('P-384')) })),
      code: 'ERR_CERT_ALGORITHM',
    }),
    pck('pck-duplicate-extension', 'No extension occurs twice.', {
      accepted: withPck(adding(unknownExtension(false), ANOTHER)),
      refused: withPck(adding(unknownExtension(false), ANOTHER), (tbs) =>
        replaced(tbs, derOid(ANOTHER.oid), derOid(unknownExtension(false).oid)),
      ),
      code: 'ERR_CERT_DUPLICATE_EXTENSION',
    }),
    pck('pck-serial-positive', 'A serial number is not negative.', {
      refused: (platform) => {
        const certificate = platform.certificates.pck;
        const { serialNumber } = parseCertificate(certificate.encoded ?? new Uint8Array());
        // Never 0xff first: with some second octets that is no shortest encoding, another refusal.
        const negative = serialNumber.map((byte, at) => (at === 0 ? (byte & 0x3f) | 0x80 : byte));
        withPck(
          (same) => same,
          // With tag and length, because the key identifier has nearly the same bytes.
          (tbs) => replaced(tbs, derInteger(serialNumber), derElement(INTEGER, negative)),
        )(platform);
      },
      code: 'ERR_CERT_SERIAL',
    }),
    {
      id: 'pck-trailing-bytes',
      rule: 'Nothing follows the DER of a certificate.',
      fixture: 'tdx',
      refused: reassembled(({ signature: { certificateChainPem } }) => {
        const [first = new Uint8Array(), ...rest] = decodePem(certificateChainPem, 'CERTIFICATE');
        const chain = [concatBytes(first, Uint8Array.of(0)), ...rest];
        return {
          certificateChainPem: chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
        };
      }),
      code: 'ERR_CERT_INVALID',
    },
    {
      id: 'pck-algorithms-agree',
      rule: 'The signature algorithm inside a certificate is the one outside.',
      fixture: 'tdx',
      refused: reassembled(({ signature: { certificateChainPem } }) => {
        const [first = new Uint8Array(), ...rest] = decodePem(certificateChainPem, 'CERTIFICATE');
        // Only the second of the two is outside of what is signed.
        const chain = [replaced(first, SHA256_OID, SHA384_OID), ...rest];
        return {
          certificateChainPem: chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
        };
      }),
      code: 'ERR_CERT_INVALID',
    },
    pck('pck-sgx-extension', 'The PCK certificate has Intel’s SGX extension.', {
      refused: ({ certificates }) => {
        delete certificates.pck.pck;
      },
      code: 'ERR_PCK_EXTENSION',
    }),
    pck('pck-one-fmspc', 'Each member of the SGX extension is there once.', {
      refused: withPck((content) => ({
        ...content,
        extensions: content.extensions.map((extension) =>
          extension.oid === SGX_PCK_EXTENSION_OID
            ? { ...extension, value: withSecondFmspc(extension.value) }
            : extension,
        ),
      })),
      code: 'ERR_PCK_EXTENSION',
    }),
  ],
};

interface PckSides {
  readonly accepted?: Alteration;
  readonly refused: Alteration;
  readonly code: CatalogueRule['code'];
}

/** A rule that shows in the quote alone. */
function pck(id: string, rule: string, { accepted, refused, code }: PckSides): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'tdx',
    ...(accepted && { accepted: altered(['quote'], accepted) }),
    refused: altered(['quote'], refused),
    code,
  };
}

type SigningKey = PlatformDescription['certificates']['pck']['key'];

/** Has the PCK issued by a CA of the same name with another key. */
function issuedBy(change: (key: SigningKey) => SigningKey): Alteration {
  return ({ certificates: { pck: certificate, pckCa } }) => {
    certificate.issuer = { ...pckCa, key: change(pckCa.key) };
  };
}

/** Issues the PCK certificate anew. */
function withPck(
  change: (content: TbsCertificate) => TbsCertificate,
  rewrite?: (tbs: Uint8Array) => Uint8Array,
): Alteration {
  return ({ certificates: { pck: certificate, pckCa } }) => {
    const { encoded } = certificate;
    certificate.encoded = reissued(encoded, pckCa.key.privateKey, change, rewrite);
  };
}

function adding(
  ...extensions: TbsCertificate['extensions']
): (content: TbsCertificate) => TbsCertificate {
  return (content) => ({ ...content, extensions: [...content.extensions, ...extensions] });
}

function replaced(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes);
  changed.set(to, changed.lastIndexOf(from));
  return new Uint8Array(changed);
}

function withSecondFmspc(extension: Uint8Array): Uint8Array {
  const fmspc = derSequence(
    derOid(`${SGX_PCK_EXTENSION_OID}.4`),
    derOctetString(new Uint8Array(6)),
  );
  // A SEQUENCE of this size has one octet for its tag and three for its length.
  const members = extension.subarray(4);
  return derElement(extension[0] ?? 0, concatBytes(members, fmspc));
}
