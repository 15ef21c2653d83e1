// SPDX-License-Identifier: Apache-2.0
import { MODULE_SVN, QE_SVN, REVOKED_PCE_SVN, REVOKED_PCK_SVNS } from '../description/sound-tcb.ts';
import type { ExpectedOutcome, SimulatedFault } from './simulated-fault.ts';
import { setModuleSvn, setPckSvns } from './svn-changes.ts';

const UP_TO_DATE: ExpectedOutcome = { kind: 'verified', tcbStatus: 'UpToDate' };

/** Sound platforms in all their forms: each must verify as UpToDate. */
export const SOUND_VARIANTS: readonly SimulatedFault[] = [
  {
    id: 'P1',
    differs: 'nothing: quote version 4, TD report 1.0',
    expected: UP_TO_DATE,
    apply() {
      // The sound platform itself, so that a test can go through all cases.
    },
  },
  {
    id: 'P2',
    differs: 'quote version 5, TD report 1.5',
    expected: UP_TO_DATE,
    apply({ quote }) {
      quote.version = 5;
      quote.bodyType = 3;
    },
  },
  {
    id: 'P3',
    differs: 'SGX quote version 3',
    expected: UP_TO_DATE,
    apply({ quote }) {
      quote.version = 3;
    },
  },
  {
    id: 'P4',
    differs: 'quote version 5, TD report 1.0',
    expected: UP_TO_DATE,
    apply({ quote }) {
      quote.version = 5;
      quote.bodyType = 2;
    },
  },
  {
    id: 'P5',
    differs: '3065 zero bytes after the signature data',
    expected: UP_TO_DATE,
    apply({ quote }) {
      quote.paddingBytes = 3065;
    },
  },
  {
    id: 'P6',
    differs:
      'TDX module 3 of major version 3: a lower number than the platform level asks of version 1',
    expected: UP_TO_DATE,
    apply({ td }) {
      setModuleSvn(td, MODULE_SVN.upToDateTdx03, 3);
    },
  },
];

/** Genuine platforms that are not up to date: each must verify with exactly this status. */
export const STATUS_VARIANTS: readonly SimulatedFault[] = [
  {
    id: 'S1',
    differs: 'TDX module SVN of a level that is out of date',
    expected: { kind: 'verified', tcbStatus: 'OutOfDate' },
    apply({ td }) {
      setModuleSvn(td, MODULE_SVN.outOfDate);
    },
  },
  {
    id: 'S2',
    differs: 'quoting enclave SVN of a level that is out of date',
    expected: { kind: 'verified', tcbStatus: 'OutOfDate' },
    apply({ quotingEnclaves }) {
      quotingEnclaves.tdx.report.isvSvn = QE_SVN.outOfDate;
    },
  },
  {
    id: 'S3',
    differs: 'platform level ConfigurationNeeded, quoting enclave out of date',
    expected: { kind: 'verified', tcbStatus: 'OutOfDateConfigurationNeeded' },
    apply({ collateral, quotingEnclaves }) {
      const [best] = collateral.tdx.tcbInfo.content.tcbLevels;
      if (best !== undefined) best.tcbStatus = 'ConfigurationNeeded';
      quotingEnclaves.tdx.report.isvSvn = QE_SVN.outOfDate;
    },
  },
  {
    id: 'S4',
    differs: 'TD report 1.5: launched under an outdated TDX module that has since been updated',
    expected: { kind: 'verified', tcbStatus: 'TDRelaunchAdvised' },
    apply({ quote, td }) {
      quote.version = 5;
      quote.bodyType = 3;
      setModuleSvn(td, MODULE_SVN.outOfDate);
    },
  },
  {
    id: 'S5',
    differs: 'an SGX component SVN of the PCK certificate below every level',
    expected: { kind: 'refused', area: 'tcb-level' },
    apply({ certificates }) {
      setPckSvns(certificates.pck, new Array<number>(16).fill(0));
    },
  },
  {
    id: 'S6',
    differs: 'SVNs of the PCK certificate at a level that is revoked',
    expected: { kind: 'verified', tcbStatus: 'Revoked' },
    apply({ certificates }) {
      setPckSvns(certificates.pck, REVOKED_PCK_SVNS, REVOKED_PCE_SVN);
    },
  },
  {
    id: 'S7',
    differs: 'TDX module SVN of a level that is revoked',
    expected: { kind: 'verified', tcbStatus: 'Revoked' },
    apply({ td }) {
      setModuleSvn(td, MODULE_SVN.revoked);
    },
  },
];
