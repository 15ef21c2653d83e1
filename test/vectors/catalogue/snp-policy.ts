// SPDX-License-Identifier: Apache-2.0
import { OFFSET } from '../../../verifier/test/simulated-amd.ts';
import { amd, writing } from '../making/amd.ts';
import { fixed, type MakeParts } from '../making/make-parts.ts';
import type { CatalogueArea } from './catalogue-rule.ts';

const ATTRIBUTES = 'ERR_POLICY_ATTRIBUTES';
/** The byte of the guest policy with SMT, migration agent and debug; SMT and the bit that is always one are 0x03. */
const POLICY_BYTE: number = OFFSET.policy + 2;
/** The TCB of the simulated chip. */
const TCB = { bootLoader: 3, tee: 0, snp: 8, microcode: 0x73 };

/** What a policy accepts of SEV-SNP guests and firmware (AMD specification 56860, sections 4.3 and 2.2). */
export const SNP_POLICY: CatalogueArea = {
  area: 'SEV-SNP under a policy',
  rules: [
    {
      id: 'snp-debug',
      rule: 'A guest is not open for debugging.',
      fixture: 'snp-policy',
      refused: amd({ report: writing(POLICY_BYTE, 0x0b) }),
      code: 'ERR_POLICY_DEBUG',
    },
    {
      id: 'snp-migration',
      rule: 'A guest has no migration agent.',
      fixture: 'snp-policy',
      refused: amd({ report: writing(POLICY_BYTE, 0x07) }),
      code: ATTRIBUTES,
    },
    {
      id: 'snp-vmpl',
      rule: 'A report is from VMPL 0.',
      fixture: 'snp-policy',
      refused: amd({ report: writing(OFFSET.vmpl, 1) }),
      code: ATTRIBUTES,
    },
    {
      id: 'snp-vmpl-by-name',
      rule: 'Another VMPL is accepted when the policy names it.',
      fixture: 'snp-policy',
      with: amd({ report: writing(OFFSET.vmpl, 1) }),
      accepted: snpPolicy({ snp: { allowVmpl: [1] } }),
      refused: snpPolicy({ snp: { allowVmpl: [2] } }),
      code: ATTRIBUTES,
    },
    ...(['bootLoader', 'snp', 'microcode'] as const).map((part) => ({
      id: `snp-minimum-${part.toLowerCase()}`,
      rule: `Firmware (${part}) is as new as the policy wants.`,
      fixture: 'snp-policy' as const,
      accepted: snpPolicy({ tcb: { minimumSnp: TCB } }),
      refused: snpPolicy({ tcb: { minimumSnp: { ...TCB, [part]: TCB[part] + 1 } } }),
      code: 'ERR_POLICY_TCB_MINIMUM' as const,
    })),
  ],
};

function snpPolicy(rules: Readonly<Record<string, unknown>>): MakeParts {
  return fixed({ policy: JSON.stringify({ version: 1, tee: 'sev-snp', ...rules }) });
}
