// SPDX-License-Identifier: Apache-2.0
import { type PlatformDescription, simulatedFault } from '@proofgate/simulator';
import { altered, type MakeParts, policy, TCB_INFO, together } from '../making/make-parts.ts';
import { type Alteration, both } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';
import { VERSION_5 } from './fixtures.ts';

type TcbStatus =
  PlatformDescription['collateral']['tdx']['tcbInfo']['content']['tcbLevels'][number]['tcbStatus'];

type ComponentKind = 'sgxtcbcomponents' | 'tdxtcbcomponents';

const STATUS = 'ERR_POLICY_TCB_STATUS';

/** SVNs of the best level of the simulated platform's TCB information, and the PCE's. */
const BEST: readonly number[] = [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
const PCE = 13;
const RELAUNCH_CONFIGURATION = ['ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'];

/** TCB levels and how statuses join (Intel DCAP library, steps 4.1.2.5.18 to .20). */
export const TCB_LEVELS: CatalogueArea = {
  area: 'TCB levels',
  rules: [
    ...[0, 1, 4].map((index) =>
      level(
        `tcb-sgx-component-${index}`,
        `SGX component ${index} of the PCK reaches that of the level.`,
        pckSvns(BEST),
        pckSvns(BEST.map((svn, at) => (at === index ? svn - 1 : svn))),
      ),
    ),
    level(
      'tcb-pce-svn',
      'The PCESVN of the PCK reaches that of the level.',
      pckSvns(BEST, PCE),
      pckSvns(BEST, PCE - 1),
    ),
    level(
      'tcb-tdx-component-2',
      'TDX component 2 reaches that of the level.',
      tdxComponent(2, 3),
      tdxComponent(2, 2),
    ),
    ...(['sgxtcbcomponents', 'tdxtcbcomponents'] as const).map(lastComponent),
    {
      id: 'tcb-tdx-components-0-1',
      rule: 'With a versioned module, TDX components 0 and 1 of the level do not count.',
      fixture: 'tdx-policy',
      accepted: altered(TCB_INFO, levelComponents(0, 0xff)),
      claims: { tcbStatus: 'UpToDate' },
      refused: altered(TCB_INFO, levelComponents(2, 0xff)),
      code: STATUS,
    },
    {
      id: 'tcb-below-every-level',
      rule: 'A platform below every level is refused.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('S5').apply),
      code: 'ERR_DCAP_TCB_NOT_SUPPORTED',
    },
    {
      id: 'tcb-revoked',
      rule: 'A platform at a revoked level is refused.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('S6').apply),
      code: 'ERR_DCAP_TCB_REVOKED',
    },
    {
      id: 'tcb-sgx-component-sgx-quote',
      rule: 'An SGX quote is judged by SGX components and PCE alone.',
      fixture: 'sgx',
      refused: altered(['quote'], both(simulatedFault('P3').apply, simulatedFault('S6').apply)),
      code: 'ERR_DCAP_TCB_REVOKED',
    },
    joined('tcb-join-module', 'TDX module', simulatedFault('S1').apply),
    joined('tcb-join-qe', 'quoting enclave', simulatedFault('S2').apply),
    ...(
      [
        ['SWHardeningNeeded', 'OutOfDate'],
        ['ConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
        ['ConfigurationAndSWHardeningNeeded', 'OutOfDateConfigurationNeeded'],
        ['OutOfDateConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
      ] as const
    ).map(([platform, status]) => platformStatus(platform, status)),
    {
      id: 'tcb-relaunch',
      rule: 'A relaunch is advised when the module was outdated at launch and no longer is.',
      fixture: 'tdx-v5-policy',
      with: policy({ tcb: { accept: ['UpToDate', 'TDRelaunchAdvised'] } }),
      accepted: altered(['quote'], both(VERSION_5, moduleSvns(4, 7))),
      claims: { tcbStatus: 'TDRelaunchAdvised' },
      refused: altered(['quote'], both(VERSION_5, moduleSvns(4, 4))),
      code: STATUS,
    },
    {
      id: 'tcb-still-outdated',
      rule: 'No relaunch is advised while the module that runs now is outdated as well.',
      fixture: 'tdx-v5-policy',
      with: together(
        altered(TCB_INFO, bestStatus('ConfigurationNeeded')),
        altered(['quote'], both(VERSION_5, moduleSvns(4, 4))),
      ),
      accepted: policy({ tcb: { accept: ['OutOfDateConfigurationNeeded'] } }),
      claims: { tcbStatus: 'OutOfDateConfigurationNeeded' },
      refused: policy({ tcb: { accept: RELAUNCH_CONFIGURATION } }),
      code: STATUS,
    },
    {
      id: 'tcb-now',
      rule: 'The module that runs now is judged as well as the one at launch.',
      fixture: 'tdx-v5-policy',
      claims: { tcbStatus: 'UpToDate' },
      refused: altered(['quote'], both(VERSION_5, moduleSvns(7, 4))),
      code: STATUS,
    },
    {
      id: 'tcb-relaunch-configuration',
      rule: 'A relaunch is advised with configuration when either status asks for it.',
      fixture: 'tdx-v5-policy',
      with: together(
        altered(TCB_INFO, bestStatus('ConfigurationNeeded')),
        policy({ tcb: { accept: RELAUNCH_CONFIGURATION } }),
      ),
      accepted: altered(['quote'], both(VERSION_5, moduleSvns(4, 7))),
      claims: { tcbStatus: 'TDRelaunchAdvisedConfigurationNeeded' },
      refused: altered(['quote'], both(VERSION_5, moduleSvns(4, 4))),
      code: STATUS,
    },
  ],
};

/** A rule that decides between the best level, which is up to date, and a lower one, which is not. */
function level(id: string, rule: string, accepted: Alteration, refused: Alteration): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'tdx-policy',
    accepted: altered(['quote'], accepted),
    claims: { tcbStatus: 'UpToDate' },
    refused: altered(['quote'], refused),
    code: STATUS,
  };
}

/** An outdated component makes a platform that is up to date outdated. */
function joined(id: string, component: string, outdated: Alteration): CatalogueRule {
  return {
    id,
    rule: `A ${component} that is out of date makes the whole out of date.`,
    fixture: 'tdx-policy',
    claims: { tcbStatus: 'UpToDate' },
    refused: altered(['quote'], outdated),
    code: STATUS,
  };
}

/** What a platform status becomes when the QE is out of date. */
function platformStatus(platform: TcbStatus, status: TcbStatus): CatalogueRule {
  const accepting = (accept: string): MakeParts => policy({ tcb: { accept } });
  return {
    id: `tcb-join-${platform.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}`,
    rule: `${platform} becomes ${status} when the QE is out of date, and nothing less.`,
    fixture: 'tdx-policy',
    with: together(
      altered(['quote'], simulatedFault('S2').apply),
      altered(TCB_INFO, bestStatus(platform)),
    ),
    accepted: accepting(status),
    claims: { tcbStatus: status },
    refused: accepting(platform === status ? 'OutOfDate' : platform),
    code: STATUS,
  };
}

/** All 16 components count: of the last one, every platform has 0. */
function lastComponent(kind: ComponentKind): CatalogueRule {
  const name = kind === 'sgxtcbcomponents' ? 'sgx' : 'tdx';
  return {
    id: `tcb-${name}-component-15`,
    rule: `The last ${name.toUpperCase()} component reaches that of the level, too.`,
    fixture: 'tdx-policy',
    accepted: altered(TCB_INFO, levelComponents(15, 0, kind)),
    claims: { tcbStatus: 'UpToDate' },
    refused: altered(TCB_INFO, levelComponents(15, 1, kind)),
    code: STATUS,
  };
}

function pckSvns(components: readonly number[], pceSvn: number = PCE): Alteration {
  return ({ certificates: { pck } }) => {
    if (pck.pck === undefined) return;
    pck.pck.tcb = {
      components: [...components],
      pceSvn,
      cpuSvn: Uint8Array.from(components),
    };
  };
}

function tdxComponent(index: number, svn: number): Alteration {
  return ({ td }) => {
    td.teeTcbSvn = td.teeTcbSvn.map((value, at) => (at === index ? svn : value));
  };
}

/** Raises a component of the best level. */
function levelComponents(
  index: number,
  svn: number,
  kind: ComponentKind = 'tdxtcbcomponents',
): Alteration {
  return ({ collateral }) => {
    const [best] = collateral.tdx.tcbInfo.content.tcbLevels;
    const component = best?.tcb[kind]?.[index];
    if (component !== undefined) component.svn = svn;
  };
}

function bestStatus(status: TcbStatus): Alteration {
  return ({ collateral }) => {
    const [best] = collateral.tdx.tcbInfo.content.tcbLevels;
    if (best !== undefined) best.tcbStatus = status;
  };
}

/** SVN of the TDX module at launch and now. */
function moduleSvns(launch: number, now: number): Alteration {
  return ({ td }) => {
    td.teeTcbSvn = Uint8Array.of(launch, ...td.teeTcbSvn.subarray(1));
    td.teeTcbSvn2 = Uint8Array.of(now, ...td.teeTcbSvn2.subarray(1));
  };
}
