// SPDX-License-Identifier: Apache-2.0
import type { PlatformCertificates } from '@proofgate/simulator';
import { altered, type EvidencePart, fixed, QE_IDENTITY, TCB_INFO } from '../making/make-parts.ts';
import { type Alteration, AT, DAY_MS } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

const SECOND_MS = 1000;

/** Dates of certificates and signed documents; lists have theirs with the other rules about them. */
export const VALIDITY: CatalogueArea = {
  area: 'validity',
  rules: [
    ...certificateDates('pck', ['quote']),
    ...certificateDates('pckCa', ['quote', 'collateral.pck_crl_issuer_chain']),
    ...certificateDates('tcbSigner', [
      'collateral.tcb_info_issuer_chain',
      'collateral.qe_identity_issuer_chain',
    ]),
    ...certificateDates('root', [
      'root',
      'quote',
      'collateral.pck_crl_issuer_chain',
      'collateral.tcb_info_issuer_chain',
      'collateral.qe_identity_issuer_chain',
    ]),
    ...documentDates('tcbInfo', TCB_INFO),
    ...documentDates('qeIdentity', QE_IDENTITY),
    {
      id: 'time-of-verification',
      rule: 'Dates are compared with the time that the caller gives.',
      fixture: 'tdx',
      accepted: fixed({ at: new Date(AT.getTime() + 30 * DAY_MS).toISOString() }),
      refused: fixed({ at: new Date(AT.getTime() + 30 * DAY_MS + SECOND_MS).toISOString() }),
      code: 'ERR_CRL_EXPIRED',
    },
  ],
};

function certificateDates(
  name: keyof PlatformCertificates,
  parts: readonly EvidencePart[],
): CatalogueRule[] {
  const dated =
    (field: 'notBefore' | 'notAfter', shiftMs: number): Alteration =>
    ({ certificates }) => {
      certificates[name][field] = new Date(AT.getTime() + shiftMs);
    };
  const id = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [
    {
      id: `${id}-not-expired`,
      rule: `The certificate (${name}) may be used up to its notAfter.`,
      fixture: 'tdx',
      accepted: altered(parts, dated('notAfter', 0)),
      refused: altered(parts, dated('notAfter', -SECOND_MS)),
      code: 'ERR_CERT_EXPIRED',
    },
    {
      id: `${id}-started`,
      rule: `The certificate (${name}) may be used from its notBefore on.`,
      fixture: 'tdx',
      accepted: altered(parts, dated('notBefore', 0)),
      refused: altered(parts, dated('notBefore', SECOND_MS)),
      code: 'ERR_CERT_NOT_YET_VALID',
    },
  ];
}

function documentDates(
  name: 'tcbInfo' | 'qeIdentity',
  parts: readonly EvidencePart[],
): CatalogueRule[] {
  const period =
    (startsMs: number, endsMs: number): Alteration =>
    ({ collateral }) => {
      collateral.tdx[name].period = { startsMs, endsMs };
    };
  const id = name === 'tcbInfo' ? 'tcb-info' : 'qe-identity';
  return [
    {
      id: `${id}-current`,
      rule: `The document (${name}) may be used up to its nextUpdate.`,
      fixture: 'tdx',
      accepted: altered(parts, period(-DAY_MS, 0)),
      refused: altered(parts, period(-DAY_MS, -SECOND_MS)),
      code: 'ERR_DCAP_COLLATERAL_EXPIRED',
    },
    {
      id: `${id}-started`,
      rule: `The document (${name}) may be used from its issueDate on.`,
      fixture: 'tdx',
      accepted: altered(parts, period(0, DAY_MS)),
      refused: altered(parts, period(SECOND_MS, DAY_MS)),
      code: 'ERR_DCAP_COLLATERAL_NOT_YET_VALID',
    },
  ];
}
