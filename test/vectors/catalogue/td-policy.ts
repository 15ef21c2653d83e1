// SPDX-License-Identifier: Apache-2.0
import { asSha384 } from '@proofgate/evidence';
import { simulatedFault } from '@proofgate/simulator';
import { altered, policy } from '../making/make-parts.ts';
import { type Alteration, both } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';
import { VERSION_5 } from './fixtures.ts';

const ATTRIBUTES = 'ERR_POLICY_ATTRIBUTES';

/** TD attributes and service TDs, which Intel's rules do not look at (Intel TDX module ABI, ATTRIBUTES). */
export const TD_POLICY: CatalogueArea = {
  area: 'attributes under a policy',
  rules: [
    td('td-debug', 'A TD is not in debug mode.', flipped(0), 'ERR_POLICY_DEBUG'),
    td('td-under-debug', 'No other bit of the debug group is set.', flipped(1), ATTRIBUTES),
    td('td-sept-ve', 'SEPT_VE_DISABLE is set.', flipped(28), ATTRIBUTES),
    td('td-migratable', 'A TD cannot be migrated.', flipped(29), ATTRIBUTES),
    td('td-perfmon', 'A TD has no performance monitoring.', flipped(63), ATTRIBUTES),
    td('td-reserved', 'No reserved attribute is set.', flipped(40), ATTRIBUTES),
    allowed('td-debug-by-name', flipped(0), { allowDebug: true }, 'ERR_POLICY_DEBUG'),
    allowed('td-sept-ve-by-name', flipped(28), allowing('septVeDisableOff'), ATTRIBUTES),
    allowed('td-migratable-by-name', flipped(29), allowing('migratable'), ATTRIBUTES),
    allowed('td-perfmon-by-name', flipped(63), allowing('perfmon'), ATTRIBUTES),
    {
      id: 'sgx-debug',
      rule: 'An SGX enclave is not in debug mode.',
      fixture: 'sgx',
      with: policy({ tee: 'sgx' }),
      refused: altered(['quote'], ({ quote, enclave }) => {
        quote.version = 3;
        enclave.attributes = enclave.attributes.map((byte, at) => (at === 0 ? byte | 0x02 : byte));
      }),
      code: 'ERR_POLICY_DEBUG',
    },
    {
      id: 'td-service-td',
      rule: 'No service TD is bound to a TD.',
      fixture: 'tdx-v5-policy',
      refused: altered(['quote'], both(VERSION_5, simulatedFault('N32').apply)),
      code: 'ERR_POLICY_SERVICE_TD',
    },
    {
      id: 'td-service-td-by-name',
      rule: 'A service TD is accepted when the policy names its hash.',
      fixture: 'tdx-v5-policy',
      with: altered(['quote'], both(VERSION_5, serviceTd(0xaa))),
      accepted: policy({ tdx: { serviceTds: ['aa'.repeat(48)] } }),
      refused: policy({ tdx: { serviceTds: ['bb'.repeat(48)] } }),
      code: 'ERR_POLICY_SERVICE_TD',
    },
  ],
};

function td(
  id: string,
  rule: string,
  refused: Alteration,
  code: CatalogueRule['code'],
): CatalogueRule {
  return { id, rule, fixture: 'tdx-policy', refused: altered(['quote'], refused), code };
}

/** The same quote under a policy that allows what is unusual about it, and under one that does not. */
function allowed(
  id: string,
  unusual: Alteration,
  allowance: Readonly<Record<string, unknown>>,
  code: CatalogueRule['code'],
): CatalogueRule {
  return {
    id,
    rule: 'What weakens a TD is accepted only when the policy allows it by name.',
    fixture: 'tdx-policy',
    with: altered(['quote'], unusual),
    accepted: policy({ tee: 'tdx', ...allowance }),
    refused: policy({ tee: 'tdx' }),
    code,
  };
}

function allowing(attribute: string): Readonly<Record<string, unknown>> {
  return { tdx: { allowAttributes: [attribute] } };
}

/** Flips one bit of the attributes, counted from the least significant. */
function flipped(bit: number): Alteration {
  return ({ td: report }) => {
    report.tdAttributes = report.tdAttributes.map((byte, index) =>
      index === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte,
    );
  };
}

function serviceTd(byte: number): Alteration {
  return ({ td: report }) => {
    report.mrServiceTd = asSha384(new Uint8Array(48).fill(byte));
  };
}
