// SPDX-License-Identifier: Apache-2.0
import type { Period } from '../description/platform-description.ts';
import { newSigningKey } from '../signing-key.ts';
import type { SimulatedFault } from './simulated-fault.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const PAST: Readonly<Period> = { startsMs: -60 * DAY_MS, endsMs: -30 * DAY_MS };
const FUTURE: Readonly<Period> = { startsMs: DAY_MS, endsMs: 31 * DAY_MS };

/** What is wrong with the collateral. */
export const COLLATERAL_FAULTS: readonly SimulatedFault[] = [
  {
    id: 'N7',
    differs: 'PCK revocation list empty and signed by an attacker',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply({ pckCrl }) {
      pckCrl.signedBy = newSigningKey();
    },
  },
  {
    id: 'N10',
    differs: 'revocation lists expired',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply({ rootCrl, pckCrl }) {
      rootCrl.period = { ...PAST };
      pckCrl.period = { ...PAST };
    },
  },
  {
    id: 'N11',
    differs: 'TCB information and QE identity expired',
    expected: { kind: 'refused', area: 'tcb-documents' },
    apply({ collateral }) {
      collateral.tdx.tcbInfo.period = { ...PAST };
      collateral.tdx.qeIdentity.period = { ...PAST };
    },
  },
  {
    id: 'N12',
    differs: 'TCB information signed by a key other than its signer',
    expected: { kind: 'refused', area: 'tcb-documents' },
    apply({ collateral }) {
      collateral.tdx.tcbInfo.signedBy = newSigningKey();
    },
  },
  {
    id: 'N13',
    differs: 'TCB information signed by the PCK, with the chain of the PCK',
    expected: { kind: 'refused', area: 'tcb-documents' },
    apply({ collateral, certificates: { pck, pckCa, root } }) {
      collateral.tdx.tcbInfo.signedBy = pck.key;
      collateral.tdx.tcbInfo.chain = [pck, pckCa, root];
    },
  },
  {
    id: 'N21',
    differs: 'TCB information of another FMSPC',
    expected: { kind: 'refused', area: 'collateral-mismatch' },
    apply({ collateral }) {
      collateral.tdx.tcbInfo.content.fmspc = 'F1F1F1F1F1F1';
    },
  },
  {
    id: 'N28',
    differs: 'TDX quote with collateral for SGX',
    expected: { kind: 'refused', area: 'collateral-mismatch' },
    apply({ collateral }) {
      collateral.tdx = collateral.sgx;
    },
  },
  {
    id: 'N29',
    differs: 'PCK revocation list is garbage',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply({ pckCrl }) {
      pckCrl.served = 'deadbeef';
    },
  },
  {
    id: 'N30',
    differs: 'PCK revocation list is empty text',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply({ pckCrl }) {
      pckCrl.served = '';
    },
  },
  {
    id: 'N31',
    differs: 'root revocation list served as PCK revocation list',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply(platform) {
      platform.pckCrl = platform.rootCrl;
    },
  },
  {
    id: 'N34',
    differs: 'TCB information not yet valid',
    expected: { kind: 'refused', area: 'tcb-documents' },
    apply({ collateral }) {
      collateral.tdx.tcbInfo.period = { ...FUTURE };
    },
  },
  {
    id: 'N36',
    differs: 'TCB information signed by the PCK CA, which the root has certified',
    expected: { kind: 'refused', area: 'tcb-documents' },
    apply({ collateral, certificates: { pckCa, root } }) {
      collateral.tdx.tcbInfo.signedBy = pckCa.key;
      collateral.tdx.tcbInfo.chain = [pckCa, root];
    },
  },
  {
    id: 'N38',
    differs: 'revocation lists not yet valid',
    expected: { kind: 'refused', area: 'revocation-list' },
    apply({ rootCrl, pckCrl }) {
      rootCrl.period = { ...FUTURE };
      pckCrl.period = { ...FUTURE };
    },
  },
];
