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
/** Where each list stands, and how its rules begin. */
const LISTS = {
  pckCrl: [PCK_LIST, 'pck-list'],
  rootCrl: [ROOT_LIST, 'root-list'],
} as const satisfies Record<ListName, readonly [EvidencePart, string]>;

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
    list('root-list-readable', 'A list that cannot be read is not an empty one.', ROOT_LIST, {
      refused: ({ rootCrl }) => {
        rootCrl.served = '3000';
      },
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
    ...(['pckCrl', 'rootCrl'] as const).flatMap(completeLists),
  ],
};

/** What a list has to say of itself (RFC 5280, section 5.2; Intel SGX PCK certificate and CRL profile). */
function completeLists(name: ListName): CatalogueRule[] {
  const [part, id] = LISTS[name];
  const own = (wish: OwnListWish): Alteration => ownList(name, wish);
  return [
    list(`${id}-number`, 'A list has its number.', part, {
      accepted: own({}),
      refused: own({ extensions: ([, keyId]) => (keyId === undefined ? [] : [keyId]) }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list(`${id}-key-id`, 'A list has its issuer’s key identifier.', part, {
      accepted: own({}),
      refused: own({ extensions: (extensions) => extensions.slice(0, 1) }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list(`${id}-next-update`, 'A list says when the next one is due.', part, {
      accepted: own({}),
      refused: own({ endless: true }),
      code: 'ERR_CRL_INCOMPLETE',
    }),
    list(`${id}-issuer-key`, 'A list names the key of its issuer.', part, {
      accepted: own({}),
      refused: own({
        extensions: (extensions) => [
          ...extensions.slice(0, 1),
          authorityKeyIdExtension(new Uint8Array(20).fill(1)),
        ],
      }),
      code: 'ERR_CRL_ISSUER',
    }),
    list(`${id}-critical-extension`, 'A list has no critical extension.', part, {
      accepted: own({ extensions: (sound) => [...sound, unknownExtension(false)] }),
      refused: own({ extensions: (sound) => [...sound, unknownExtension(true)] }),
      code: 'ERR_CRL_CRITICAL_EXTENSION',
    }),
  ];
}

/** A list is valid at thisUpdate and nextUpdate, and not a second before or after. */
function datedLists(name: ListName): CatalogueRule[] {
  const [part, id] = LISTS[name];
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

/** Serves a list that is written here. */
function ownList(name: ListName, { endless, extensions }: OwnListWish): Alteration {
  return (platform) => {
    const { root, pckCa } = platform.certificates;
    const issuer = name === 'pckCrl' ? pckCa : root;
    const sound = [crlNumberExtension(1n), authorityKeyIdExtension(issuer.key.keyId)];
    const wish: RevocationListWish = {
      issuer: parseCertificate(issuer.encoded ?? new Uint8Array()).subject.raw,
      signer: issuer.key.privateKey,
      thisUpdate: AT,
      ...(endless !== true && { nextUpdate: new Date(AT.getTime() + DAY_MS) }),
      extensions: extensions?.(sound) ?? sound,
    };
    platform[name].served = toHex(revocationList(wish));
  };
}
