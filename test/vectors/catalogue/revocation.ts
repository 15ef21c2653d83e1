// SPDX-License-Identifier: Apache-2.0
import {
  authorityKeyIdExtension,
  type CertificateExtension,
  crlNumberExtension,
  parseCertificate,
  toHex,
} from '@proofgate/evidence';
import { newSigningKey, simulatedFault } from '@proofgate/simulator';
import {
  revocationList,
  type RevocationListWish,
  unknownExtension,
} from '../making/certificates.ts';
import { altered, type EvidencePart, fixed, memberOf } from '../making/make-parts.ts';
import { type Alteration, AT, DAY_MS } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

const SECOND_MS = 1000;
const PCK_LIST = 'collateral.pck_crl';
const ROOT_LIST = 'collateral.root_ca_crl';
type ListName = 'rootCrl' | 'pckCrl';

/** Certificate revocation lists (Intel DCAP library, steps 4.1.2.5.7 and .8; RFC 5280, sections 5 and 6.3). */
export const REVOCATION: CatalogueArea = {
  area: 'revocation lists',
  rules: [
    list('pck-not-revoked', 'The PCK is not on the list of its CA.', PCK_LIST, {
      accepted: ({ pckCrl, certificates }) => {
        pckCrl.revoked.push({ ...certificates.pck, key: newSigningKey() });
      },
      refused: simulatedFault('N6').apply,
      code: 'ERR_CERT_REVOKED',
    }),
    list('pck-ca-not-revoked', 'The PCK CA is not on the root’s list.', ROOT_LIST, {
      refused: simulatedFault('N8').apply,
      code: 'ERR_CERT_REVOKED',
    }),
    list('tcb-signer-not-revoked', 'The TCB signer is not on the root’s list.', ROOT_LIST, {
      refused: simulatedFault('N9').apply,
      code: 'ERR_CERT_REVOKED',
    }),
    list('pck-list-signature', 'The PCK CA signs its list.', PCK_LIST, {
      refused: simulatedFault('N7').apply,
      code: 'ERR_CRL_SIGNATURE',
    }),
    list('root-list-signature', 'The root signs its list.', ROOT_LIST, {
      refused: ({ rootCrl }) => {
        rootCrl.signedBy = newSigningKey();
      },
      code: 'ERR_CRL_SIGNATURE',
    }),
    list('pck-list-issuer', 'The PCK list is the PCK CA’s, not another one’s.', PCK_LIST, {
      refused: simulatedFault('N31').apply,
      code: 'ERR_CRL_ISSUER',
    }),
    list('root-list-issuer', 'The root list is the root’s, not another one’s.', ROOT_LIST, {
      refused: (platform) => {
        platform.rootCrl = platform.pckCrl;
      },
      code: 'ERR_CRL_ISSUER',
    }),
    list('pck-list-readable', 'A list that cannot be read is not an empty one.', PCK_LIST, {
      refused: simulatedFault('N29').apply,
      code: 'ERR_CRL_UNREADABLE',
    }),
    {
      id: 'pck-list-there',
      rule: 'There is a PCK list.',
      fixture: 'tdx',
      refused: fixed({ [PCK_LIST]: '' }),
      code: 'ERR_COLLATERAL_INVALID',
    },
    {
      id: 'root-list-there',
      rule: 'There is a root list.',
      fixture: 'tdx',
      refused: fixed({ [ROOT_LIST]: null }),
      code: 'ERR_COLLATERAL_INVALID',
    },
    {
      id: 'pck-list-trailing-bytes',
      rule: 'Nothing follows the DER of a list.',
      fixture: 'tdx',
      refused: ({ fixture }) => ({
        [PCK_LIST]: `${String(memberOf(fixture, 'collateral')['pck_crl'])}00`,
      }),
      code: 'ERR_CRL_UNREADABLE',
    },
    ...(['pckCrl', 'rootCrl'] as const).flatMap(datedLists),
    list('pck-list-number', 'A list has its number.', PCK_LIST, {
      accepted: ownList({}),
      refused: ownList({ extensions: ([, keyId]) => (keyId === undefined ? [] : [keyId]) }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list('pck-list-key-id', 'A list has its issuer’s key identifier.', PCK_LIST, {
      accepted: ownList({}),
      refused: ownList({ extensions: (extensions) => extensions.slice(0, 1) }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list('pck-list-next-update', 'A list says when the next one is due.', PCK_LIST, {
      accepted: ownList({}),
      refused: ownList({ endless: true }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list('pck-list-issuer-key', 'A list names the key of its issuer.', PCK_LIST, {
      accepted: ownList({}),
      refused: ownList({
        extensions: (extensions) => [
          ...extensions.slice(0, 1),
          authorityKeyIdExtension(new Uint8Array(20).fill(1)),
        ],
      }),
      code: 'ERR_CRL_ISSUER',
    }),
    list('pck-list-critical-extension', 'A list has no critical extension.', PCK_LIST, {
      accepted: ownList({ extensions: (sound) => [...sound, unknownExtension(false)] }),
      refused: ownList({ extensions: (sound) => [...sound, unknownExtension(true)] }),
      code: 'ERR_CRL_CRITICAL_EXTENSION',
    }),
  ],
};

/** A list is valid at thisUpdate and nextUpdate, and not a second before or after. */
function datedLists(name: ListName): CatalogueRule[] {
  const part = name === 'pckCrl' ? PCK_LIST : ROOT_LIST;
  const id = name === 'pckCrl' ? 'pck-list' : 'root-list';
  const period =
    (startsMs: number, endsMs: number): Alteration =>
    (platform) => {
      platform[name].period = { startsMs, endsMs };
    };
  return [
    list(`${id}-current`, 'A list may be used up to its next update.', part, {
      accepted: period(-DAY_MS, 0),
      refused: period(-DAY_MS, -SECOND_MS),
      code: 'ERR_CRL_EXPIRED',
    }),
    list(`${id}-started`, 'A list may be used from its date on.', part, {
      accepted: period(0, DAY_MS),
      refused: period(SECOND_MS, DAY_MS),
      code: 'ERR_CRL_NOT_YET_VALID',
    }),
  ];
}

interface ListSides {
  readonly accepted?: Alteration;
  readonly refused: Alteration;
  readonly code: CatalogueRule['code'];
}

/** A rule that shows in one list alone. */
function list(
  id: string,
  rule: string,
  part: EvidencePart,
  { accepted, refused, code }: ListSides,
): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'tdx',
    ...(accepted && { accepted: altered([part], accepted) }),
    refused: altered([part], refused),
    code,
  };
}

interface OwnListWish {
  readonly endless?: boolean;
  readonly extensions?: (sound: readonly CertificateExtension[]) => readonly CertificateExtension[];
}

/** Serves a PCK list that is written here. */
function ownList({ endless, extensions }: OwnListWish): Alteration {
  return ({ pckCrl, certificates: { pckCa } }) => {
    const sound = [crlNumberExtension(1n), authorityKeyIdExtension(pckCa.key.keyId)];
    const wish: RevocationListWish = {
      issuer: parseCertificate(pckCa.encoded ?? new Uint8Array()).subject.raw,
      signer: pckCa.key.privateKey,
      thisUpdate: AT,
      ...(endless !== true && { nextUpdate: new Date(AT.getTime() + DAY_MS) }),
      extensions: extensions?.(sound) ?? sound,
    };
    pckCrl.served = toHex(revocationList(wish));
  };
}
