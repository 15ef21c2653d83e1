// SPDX-License-Identifier: Apache-2.0
import { simulatedFault } from '@proofgate/simulator';
import { altered, fixed, policy } from '../making/make-parts.ts';
import { AT, DAY_MS } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

const STATUS = 'ERR_POLICY_TCB_STATUS';
/** The evaluation number and an advisory of the simulated platform's collateral. */
const EVALUATION_NUMBER = 19;
const ADVISORY = 'SIMULATED-SA-00001';
/** A grace is bounded: what is longer is an acceptance. */
const MAX_GRACE_MS: number = 400 * DAY_MS;

/** What a policy accepts of a TCB, and what a policy file has to be. */
export const POLICY_TCB: CatalogueArea = {
  area: 'policy on the TCB, policy files',
  rules: [
    outdated('policy-status', 'The TCB status is one that the policy accepts.', STATUS, {
      accepted: { accept: ['OutOfDate'] },
      refused: { accept: ['UpToDate', 'SWHardeningNeeded'] },
    }),
    outdated('policy-grace', 'A grace ends at its date.', STATUS, {
      accepted: graceAfter(0),
      refused: graceAfter(-1000),
    }),
    outdated('policy-grace-bounded', 'A grace ends within 400 days.', STATUS, {
      accepted: graceAfter(MAX_GRACE_MS),
      refused: graceAfter(MAX_GRACE_MS + 1000),
    }),
    // The platform's TCB date is midnight, 540 days before the time of verification.
    outdated('policy-grace-age', 'A grace by age counts from the TCB date.', STATUS, {
      accepted: grace('P540DT12H'),
      refused: grace('P540DT11H59M59S'),
    }),
    outdated('policy-grace-status', 'A grace is for the status that it names.', STATUS, {
      accepted: grace('P600D'),
      refused: { grace: { ConfigurationNeeded: 'P600D' } },
    }),
    outdated(
      'policy-advisory',
      'No advisory applies that the policy denies.',
      'ERR_POLICY_TCB_ADVISORY',
      {
        accepted: { accept: ['OutOfDate'], denyAdvisories: ['SIMULATED-SA-00009'] },
        refused: { accept: ['OutOfDate'], denyAdvisories: [ADVISORY] },
      },
    ),
    {
      id: 'policy-evaluation-number',
      rule: 'The collateral is of the evaluation that the policy wants, or later.',
      fixture: 'tdx-policy',
      accepted: policy({ tcb: { minimumEvaluationNumber: EVALUATION_NUMBER } }),
      refused: policy({ tcb: { minimumEvaluationNumber: EVALUATION_NUMBER + 1 } }),
      code: 'ERR_POLICY_TCB_EVALUATION',
    },
    {
      id: 'policy-age-known',
      rule: 'A bare quote has no age, so a policy on age refuses it.',
      fixture: 'tdx-policy',
      refused: policy({ freshness: { maxAge: 'PT1H' } }),
      code: 'ERR_POLICY_FRESHNESS',
    },
    file('policy-file-empty', 'A policy names something.', '{"version":1}', 'ERR_POLICY_EMPTY'),
    file('policy-file-version', 'A policy is of version 1.', '{"version":2,"tee":"tdx"}'),
    file('policy-file-keys', 'A policy has no unknown key.', '{"version":1,"tee":"tdx","tea":1}'),
    file('policy-file-repeated', 'A key is there once.', '{"version":1,"tee":"tdx","tee":"sgx"}'),
    file('policy-file-list', 'A list is not empty.', '{"version":1,"tee":[]}'),
    file('policy-file-json', 'Nothing follows the policy.', '{"version":1,"tee":"tdx"} x'),
    file(
      'policy-file-register',
      'A measurement has the size of its register.',
      '{"version":1,"measurements":{"a":{"mrtd":"00"}}}',
    ),
  ],
};

interface TcbSides {
  readonly accepted: Readonly<Record<string, unknown>>;
  readonly refused: Readonly<Record<string, unknown>>;
}

/** Two policies about the same outdated platform. */
function outdated(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  { accepted, refused }: TcbSides,
): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'tdx-policy',
    with: altered(['quote'], simulatedFault('S2').apply),
    accepted: policy({ tcb: accepted }),
    claims: { tcbStatus: 'OutOfDate' },
    refused: policy({ tcb: refused }),
    code,
  };
}

function grace(rule: string | { readonly until: string }): TcbSides['accepted'] {
  return { grace: { OutOfDate: rule } };
}

/** A grace that ends some time after the time of verification; policies have whole seconds. */
function graceAfter(ms: number): TcbSides['accepted'] {
  const until = new Date(AT.getTime() + ms).toISOString().replace('.000Z', 'Z');
  return grace({ until });
}

function file(
  id: string,
  rule: string,
  text: string,
  code: CatalogueRule['code'] = 'ERR_POLICY_INVALID',
): CatalogueRule {
  return { id, rule, fixture: 'policy-file', refused: fixed({ policy: text }), code };
}
