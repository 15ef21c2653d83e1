// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  encodeName,
  extKeyUsageExtension,
  KEY_PURPOSE,
  keyUsageExtension,
  subjectKeyIdExtension,
} from '@proofgate/evidence';
import {
  caExtensions,
  type CertificateWish,
  newKeys,
  serverExtensions,
  unknownExtension,
} from '../making/certificates.ts';
import { fixed, issued } from '../making/make-parts.ts';
import { APP_HOST, type ChainWish } from '../making/private-chain.ts';
import { AT } from '../making/vector-maker.ts';
import type { CatalogueArea } from './catalogue-rule.ts';
import { chain, leaf } from './chain-rule.ts';

const SECOND_MS = 1000;
const USAGE = 'ERR_CERT_KEY_USAGE';
const KEY_ID = new Uint8Array(20).fill(1);

/** Certificates of a private PKI (RFC 5280, section 6). */
export const PRIVATE_CHAIN: CatalogueArea = {
  area: 'certificates of a private PKI',
  rules: [
    chain('chain-signature', 'The issuer signs a certificate.', {
      refused: { leaf: { signer: newKeys().privateKey } },
      code: 'ERR_CERT_SIGNATURE',
    }),
    chain('chain-issuer-name', 'A certificate names its issuer.', {
      refused: { leaf: { issuerName: encodeName({ commonName: 'Somebody' }) } },
      code: 'ERR_CERT_ISSUER',
    }),
    chain('chain-key-id', 'Key identifiers match where both are there.', {
      accepted: keyIds(KEY_ID, KEY_ID),
      refused: keyIds(
        KEY_ID,
        KEY_ID.map((byte) => byte + 1),
      ),
      code: 'ERR_CERT_KEY_ID',
    }),
    chain('chain-root-signature', 'The root signs the CA below it: a name is not enough.', {
      refused: { ca: { signer: newKeys().privateKey } },
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    }),
    chain('chain-complete', 'The chain reaches a root.', {
      refused: { withoutCa: true },
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    }),
    chain('chain-length', 'At most five certificates are presented.', {
      accepted: { more: authorities(3) },
      refused: { more: authorities(4) },
      code: 'ERR_CERT_CHAIN_LENGTH',
    }),
    chain('chain-path-length', 'No more CAs stand below a CA than it allows.', {
      accepted: { ca: { extensions: caExtensions(1) }, more: [{}] },
      refused: { ca: { extensions: caExtensions(0) }, more: [{}] },
      code: 'ERR_CERT_PATH_LENGTH',
    }),
    chain('chain-ca-flag', 'Who issues certificates is a CA.', {
      refused: {
        ca: {
          extensions: [
            basicConstraintsExtension({ ca: false }),
            keyUsageExtension(['keyCertSign']),
          ],
        },
      },
      code: 'ERR_CERT_NOT_A_CA',
    }),
    chain('chain-ca-key-usage', 'A CA may sign certificates.', {
      refused: {
        ca: {
          extensions: [basicConstraintsExtension({ ca: true }), keyUsageExtension(['cRLSign'])],
        },
      },
      code: USAGE,
    }),
    chain('chain-ca-critical-extension', 'No critical extension of a CA is unknown.', {
      accepted: { ca: { extensions: caExtensions(0, unknownExtension(false)) } },
      refused: { ca: { extensions: caExtensions(0, unknownExtension(true)) } },
      code: 'ERR_CERT_CRITICAL_EXTENSION',
    }),
    chain('chain-ca-current', 'A CA is valid at the time of verification.', {
      accepted: { ca: { notAfter: AT } },
      refused: { ca: { notAfter: shifted(-SECOND_MS) } },
      code: 'ERR_CERT_EXPIRED',
    }),
    chain('chain-leaf-current', 'A leaf may be used up to its notAfter.', {
      accepted: { leaf: { notAfter: AT } },
      refused: { leaf: { notAfter: shifted(-SECOND_MS) } },
      code: 'ERR_CERT_EXPIRED',
    }),
    chain('chain-leaf-started', 'A leaf may be used from its notBefore on.', {
      accepted: { leaf: { notBefore: AT } },
      refused: { leaf: { notBefore: shifted(SECOND_MS) } },
      code: 'ERR_CERT_NOT_YET_VALID',
    }),
    chain('chain-leaf-no-ca', 'A leaf is no CA.', {
      refused: { leaf: { extensions: caExtensions(0) } },
      code: 'ERR_CERT_IS_A_CA',
    }),
    chain('chain-leaf-key-usage', 'A leaf may sign, if it says what it may.', {
      accepted: leaf(keyUsageExtension(['digitalSignature', 'keyEncipherment'])),
      refused: leaf(keyUsageExtension(['keyEncipherment'])),
      code: USAGE,
    }),
    chain('chain-leaf-purpose', 'A leaf is for servers, if it says what it is for.', {
      accepted: leaf(extKeyUsageExtension([KEY_PURPOSE.clientAuth, KEY_PURPOSE.serverAuth])),
      refused: leaf(extKeyUsageExtension([KEY_PURPOSE.clientAuth])),
      code: USAGE,
    }),
    {
      id: 'chain-client-purpose',
      rule: 'A client’s leaf is for clients.',
      fixture: 'private-chain',
      with: fixed({ usage: 'client', hostname: null }),
      accepted: issued(leaf(extKeyUsageExtension([KEY_PURPOSE.clientAuth]))),
      refused: issued(leaf(extKeyUsageExtension([KEY_PURPOSE.serverAuth]))),
      code: USAGE,
    },
    chain('chain-algorithm', 'A key is of a kind that is supported.', {
      refused: {
        ca: { keys: generateKeyPairSync('ed25519') },
        leaf: { signer: newKeys().privateKey },
      },
      code: 'ERR_CERT_ALGORITHM',
    }),
  ],
};

function keyIds(subject: Uint8Array, authority: Uint8Array): ChainWish {
  return {
    ca: { extensions: caExtensions(0, subjectKeyIdExtension(subject)) },
    leaf: { extensions: serverExtensions([APP_HOST], authorityKeyIdExtension(authority)) },
  };
}

/** CAs in a row, each of which may have all the others below it. */
function authorities(count: number): Partial<CertificateWish>[] {
  return Array.from({ length: count }, () => ({ extensions: caExtensions(9) }));
}

function shifted(ms: number): Date {
  return new Date(AT.getTime() + ms);
}
