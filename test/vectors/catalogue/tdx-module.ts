// SPDX-License-Identifier: Apache-2.0
import { simulatedFault } from '@proofgate/simulator';
import { altered, TCB_INFO } from '../making/make-parts.ts';
import { type Alteration, both } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';
import { VERSION_5 } from './fixtures.ts';

const MODULE = 'ERR_DCAP_TDX_MODULE';

/** The TDX module (Intel DCAP library, steps 4.1.2.5.12, .18 and .20). */
export const TDX_MODULE: CatalogueArea = {
  area: 'TDX module',
  rules: [
    quote('module-signer', 'MRSIGNERSEAM is the one of TCB information.', {
      refused: simulatedFault('N17').apply,
      code: MODULE,
    }),
    quote('module-attributes', 'SEAMATTRIBUTES is zero.', {
      refused: simulatedFault('N18').apply,
      code: MODULE,
    }),
    quote('module-major-version', 'The module’s major version has an identity.', {
      refused: simulatedFault('N19').apply,
      code: MODULE,
    }),
    {
      id: 'module-identities-there',
      rule: 'A versioned module is judged by an identity, never without one.',
      fixture: 'tdx',
      refused: altered(TCB_INFO, ({ collateral }) => {
        delete collateral.tdx.tcbInfo.content.tdxModuleIdentities;
      }),
      code: MODULE,
    },
    {
      id: 'module-identity-signer',
      rule: 'MRSIGNERSEAM is compared with the identity of the module’s own version.',
      fixture: 'tdx',
      accepted: altered(TCB_INFO, identitySigner('TDX_03')),
      refused: altered(TCB_INFO, identitySigner('TDX_01')),
      code: MODULE,
    },
    {
      id: 'module-attributes-unknown',
      rule: 'SEAMATTRIBUTES is zero even where TCB information would have it otherwise.',
      fixture: 'tdx',
      refused: altered(
        ['quote', ...TCB_INFO],
        both(simulatedFault('N18').apply, identityAttributes('TDX_01')),
      ),
      code: MODULE,
    },
    {
      id: 'module-identity-attributes',
      rule: 'SEAMATTRIBUTES has what the identity asks for, under its mask.',
      fixture: 'tdx',
      accepted: altered(TCB_INFO, identityAttributes('TDX_03')),
      refused: altered(TCB_INFO, identityAttributes('TDX_01')),
      code: MODULE,
    },
    quote('module-version', 'The module’s version reaches a level of its identity.', {
      accepted: teeTcbSvn(4, 1),
      status: 'OutOfDate',
      refused: teeTcbSvn(1, 1),
      code: 'ERR_DCAP_TCB_NOT_SUPPORTED',
    }),
    quote('module-revoked', 'A module at a revoked level is refused.', {
      accepted: teeTcbSvn(4, 1),
      status: 'OutOfDate',
      refused: teeTcbSvn(3, 1),
      code: 'ERR_DCAP_TCB_REVOKED',
    }),
    quote('module-own-numbering', 'Each major version counts for itself.', {
      accepted: teeTcbSvn(3, 3),
      status: 'UpToDate',
      refused: teeTcbSvn(2, 3),
      code: 'ERR_DCAP_TCB_NOT_SUPPORTED',
    }),
    quote('module-without-version', 'Major version 0 is judged by the platform’s levels.', {
      accepted: teeTcbSvn(5, 0),
      status: 'UpToDate',
      refused: teeTcbSvn(4, 0),
      code: 'ERR_DCAP_TCB_REVOKED',
    }),
    quote5('module-now-known', 'The module that runs now has an identity.', {
      refused: teeTcbSvn2(7, 9),
      code: MODULE,
    }),
    quote5('module-now-version', 'The module that runs now reaches a level.', {
      refused: teeTcbSvn2(1, 1),
      code: 'ERR_DCAP_TCB_NOT_SUPPORTED',
    }),
    quote5('module-now-revoked', 'The module that runs now is not revoked.', {
      refused: teeTcbSvn2(2, 1),
      code: 'ERR_DCAP_TCB_REVOKED',
    }),
  ],
};

interface ModuleSides {
  readonly accepted?: Alteration;
  readonly status?: string;
  readonly refused: Alteration;
  readonly code: CatalogueRule['code'];
}

function quote(id: string, rule: string, sides: ModuleSides): CatalogueRule {
  const { accepted, status = 'UpToDate', refused, code } = sides;
  return {
    id,
    rule,
    fixture: 'tdx',
    ...(accepted && { accepted: altered(['quote'], accepted) }),
    claims: { tcbStatus: status },
    refused: altered(['quote'], refused),
    code,
  };
}

function quote5(id: string, rule: string, { refused, code }: ModuleSides): CatalogueRule {
  const sides = { refused: both(VERSION_5, refused), code };
  return { ...quote(id, rule, sides), fixture: 'tdx-v5' };
}

/** Writes module SVN and major version, as they were at launch. */
function teeTcbSvn(svn: number, major: number): Alteration {
  return ({ td }) => {
    td.teeTcbSvn = Uint8Array.of(svn, major, ...td.teeTcbSvn.subarray(2));
  };
}

/** Writes module SVN and major version as they are now. */
function teeTcbSvn2(svn: number, major: number): Alteration {
  return ({ td }) => {
    td.teeTcbSvn2 = Uint8Array.of(svn, major, ...td.teeTcbSvn2.subarray(2));
  };
}

/** Has one identity name another signer. */
function identitySigner(id: string): Alteration {
  return ({ collateral }) => {
    for (const identity of collateral.tdx.tcbInfo.content.tdxModuleIdentities ?? []) {
      if (identity.id === id) identity.mrsigner = '11'.repeat(48);
    }
  };
}

/** Has one identity ask for an attribute. */
function identityAttributes(id: string): Alteration {
  return ({ collateral }) => {
    for (const identity of collateral.tdx.tcbInfo.content.tdxModuleIdentities ?? []) {
      if (identity.id === id) identity.attributes = '0100000000000000';
    }
  };
}
