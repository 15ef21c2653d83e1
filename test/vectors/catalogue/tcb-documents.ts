// SPDX-License-Identifier: Apache-2.0
import { newSigningKey, type PlatformDescription, simulatedFault } from '@proofgate/simulator';
import {
  altered,
  type EvidencePart,
  memberOf,
  QE_IDENTITY,
  retold,
  TCB_INFO,
} from '../making/make-parts.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

type TcbInfo = PlatformDescription['collateral']['tdx']['tcbInfo']['content'];
type QeIdentity = PlatformDescription['collateral']['tdx']['qeIdentity']['content'];

const INVALID = 'ERR_DCAP_COLLATERAL_INVALID';
const SIGNATURE = 'ERR_DCAP_COLLATERAL_SIGNATURE';
const MISMATCH = 'ERR_DCAP_COLLATERAL_MISMATCH';

/** TCB information and QE identity (Intel PCS API v4; Intel DCAP library, steps 4.1.2.5.9 to .11 and .15). */
export const TCB_DOCUMENTS: CatalogueArea = {
  area: 'TCB information and QE identity',
  rules: [
    {
      id: 'tcb-info-signature',
      rule: 'The TCB signer signs TCB information.',
      fixture: 'tdx',
      refused: altered(['collateral.tcb_info_signature'], simulatedFault('N12').apply),
      code: SIGNATURE,
    },
    {
      id: 'qe-identity-signature',
      rule: 'The TCB signer signs the QE identity.',
      fixture: 'tdx',
      refused: altered(['collateral.qe_identity_signature'], ({ collateral }) => {
        collateral.tdx.qeIdentity.signedBy = newSigningKey();
      }),
      code: SIGNATURE,
    },
    {
      id: 'tcb-info-exact-bytes',
      rule: 'The signature covers the text as served, not what it says.',
      fixture: 'tdx',
      refused: ({ fixture }) => ({
        'collateral.tcb_info': `${String(memberOf(fixture, 'collateral')['tcb_info'])} `,
      }),
      code: SIGNATURE,
    },
    {
      id: 'tcb-info-unknown-member',
      rule: 'Members that are new are ignored; no member occurs twice.',
      fixture: 'tdx',
      accepted: retold('tcb_info', (text) => text.replace('{', '{"news":1,')),
      refused: retold('tcb_info', (text) => text.replace('{', '{"id":"TDX",')),
      code: INVALID,
    },
    tcbInfo('tcb-info-version', 'TCB information is of version 3.', INVALID, (content) => {
      Object.assign(content, { version: 4 });
    }),
    tcbInfo('tcb-info-type', 'The TCB type is 0.', INVALID, (content) => {
      Object.assign(content, { tcbType: 1 });
    }),
    tcbInfo('tcb-info-levels', 'There is at least one TCB level.', INVALID, (content) => {
      content.tcbLevels = [];
    }),
    tcbInfo('tcb-info-components', 'Each level has 16 components.', INVALID, (content) => {
      content.tcbLevels[0]?.tcb.sgxtcbcomponents.pop();
    }),
    tcbInfo('tcb-info-status-known', 'A status is one that is defined.', INVALID, (content) => {
      Object.assign(content.tcbLevels[0] ?? {}, { tcbStatus: 'Fine' });
    }),
    tcbInfo(
      'tcb-info-module-once',
      'There is one identity for each version.',
      INVALID,
      (content) => {
        const [identity] = content.tdxModuleIdentities ?? [];
        if (identity !== undefined) content.tdxModuleIdentities?.push(identity);
      },
    ),
    {
      id: 'tcb-info-level-order',
      rule: 'The order of levels does not matter; no two levels are equal.',
      fixture: 'tdx',
      accepted: altered(TCB_INFO, ({ collateral }) => {
        collateral.tdx.tcbInfo.content.tcbLevels.reverse();
      }),
      claims: { tcbStatus: 'UpToDate' },
      refused: altered(TCB_INFO, ({ collateral }) => {
        const { tcbLevels } = collateral.tdx.tcbInfo.content;
        const [best] = tcbLevels;
        if (best !== undefined) tcbLevels.push(best);
      }),
      code: INVALID,
    },
    {
      id: 'tcb-info-fmspc',
      rule: 'The FMSPC is the PCK’s; the case of its digits does not matter.',
      fixture: 'tdx',
      accepted: altered(TCB_INFO, ({ collateral }) => {
        const { content } = collateral.tdx.tcbInfo;
        content.fmspc = content.fmspc.toLowerCase();
      }),
      refused: altered(TCB_INFO, simulatedFault('N21').apply),
      code: MISMATCH,
    },
    tcbInfo('tcb-info-pce-id', 'The PCE id is the PCK’s.', MISMATCH, (content) => {
      content.pceId = '0100';
    }),
    {
      id: 'collateral-tee',
      rule: 'The collateral is for the TEE of the quote.',
      fixture: 'tdx',
      refused: altered([...TCB_INFO, ...QE_IDENTITY], simulatedFault('N28').apply),
      code: MISMATCH,
    },
    {
      id: 'collateral-one-tee',
      rule: 'TCB information and QE identity are for the same TEE.',
      fixture: 'tdx',
      refused: altered(QE_IDENTITY, ({ collateral }) => {
        collateral.tdx.qeIdentity = collateral.sgx.qeIdentity;
      }),
      code: MISMATCH,
    },
    qeIdentity('qe-identity-version', 'A QE identity is of version 2.', INVALID, (content) => {
      Object.assign(content, { version: 3 });
    }),
    qeIdentity('qe-identity-id', 'A QE identity is of a quoting enclave.', INVALID, (content) => {
      Object.assign(content, { id: 'QVE' });
    }),
    qeIdentity('qe-identity-mask', 'Masks have the size of what they mask.', INVALID, (content) => {
      content.attributesMask = 'FF';
    }),
    qeIdentity(
      'qe-identity-status',
      'A QE is UpToDate, OutOfDate or Revoked.',
      INVALID,
      (content) => {
        Object.assign(content.tcbLevels[0] ?? {}, { tcbStatus: 'SWHardeningNeeded' });
      },
    ),
  ],
};

function tcbInfo(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  change: (content: TcbInfo) => void,
): CatalogueRule {
  return document(id, rule, code, TCB_INFO, ({ tcbInfo: { content } }) => {
    change(content);
  });
}

function qeIdentity(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  change: (content: QeIdentity) => void,
): CatalogueRule {
  return document(id, rule, code, QE_IDENTITY, ({ qeIdentity: { content } }) => {
    change(content);
  });
}

function document(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  parts: readonly EvidencePart[],
  change: (collateral: PlatformDescription['collateral']['tdx']) => void,
): CatalogueRule {
  const refused = altered(parts, ({ collateral }) => {
    change(collateral.tdx);
  });
  return { id, rule, fixture: 'tdx', refused, code };
}
