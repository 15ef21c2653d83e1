// SPDX-License-Identifier: Apache-2.0
import { simulatedIdentifier, simulatedMeasurement } from '../description/simulated-bytes.ts';
import { QE_SVN } from '../description/sound-tcb.ts';
import { newSigningKey } from '../signing-key.ts';
import type { SimulatedFault } from './simulated-fault.ts';
import { setModuleSvn } from './svn-changes.ts';

/** Offset of MRTD in a quote of version 4: header 48, then 136 bytes of the TD report. */
const MRTD_OFFSET = 48 + 136;
/** A major version of the TDX module that no identity names. */
const UNKNOWN_MODULE_VERSION = 9;
/** SGX attribute DEBUG, in the first byte (Intel SDM volume 3D, SECS.ATTRIBUTES). */
const SGX_DEBUG = 0x02;
/** TD attribute DEBUG, in the first byte (Intel TDX module ABI, ATTRIBUTES). */
const TD_DEBUG = 0x01;

/** What is wrong inside the quote itself. */
export const QUOTE_FAULTS: readonly SimulatedFault[] = [
  {
    id: 'N1',
    differs: 'one byte of the body inverted after signing',
    expected: { kind: 'refused', area: 'quote-signature' },
    apply({ quote }) {
      quote.flippedByteAt = MRTD_OFFSET;
    },
  },
  {
    id: 'N2',
    differs: 'quote signed by a key other than the attestation key in it',
    expected: { kind: 'refused', area: 'quote-signature' },
    apply({ quote }) {
      quote.signedBy = newSigningKey();
    },
  },
  {
    id: 'N3',
    differs: 'QE report whose REPORTDATA covers another attestation key',
    expected: { kind: 'refused', area: 'attestation-key' },
    apply({ quotingEnclaves }) {
      quotingEnclaves.tdx.boundKey = newSigningKey();
    },
  },
  {
    id: 'N4',
    differs: 'QE report signed by a key other than the PCK',
    expected: { kind: 'refused', area: 'qe-report-signature' },
    apply({ quotingEnclaves }) {
      quotingEnclaves.tdx.signedBy = newSigningKey();
    },
  },
  {
    id: 'N14',
    differs: 'quoting enclave of another signer',
    expected: { kind: 'refused', area: 'qe-identity' },
    apply({ quotingEnclaves }) {
      quotingEnclaves.tdx.report.mrSigner = simulatedIdentifier('a stranger', 32);
    },
  },
  {
    id: 'N15',
    differs: 'quoting enclave in debug mode',
    expected: { kind: 'refused', area: 'qe-identity' },
    apply({ quotingEnclaves }) {
      const { report } = quotingEnclaves.tdx;
      report.attributes = withBits(report.attributes, SGX_DEBUG);
    },
  },
  {
    id: 'N16',
    differs: 'quoting enclave SVN below every level',
    expected: { kind: 'refused', area: 'qe-identity' },
    apply({ quotingEnclaves }) {
      quotingEnclaves.tdx.report.isvSvn = QE_SVN.outOfDate - 1;
    },
  },
  {
    id: 'N17',
    differs: 'TDX module signed by somebody: MRSIGNERSEAM is not zero',
    expected: { kind: 'refused', area: 'tdx-module' },
    apply({ td }) {
      td.mrSignerSeam = simulatedMeasurement('a stranger');
    },
  },
  {
    id: 'N18',
    differs: 'TDX module with attributes: SEAMATTRIBUTES is not zero',
    expected: { kind: 'refused', area: 'tdx-module' },
    apply({ td }) {
      td.seamAttributes = withBits(td.seamAttributes, 0x01);
    },
  },
  {
    id: 'N19',
    differs: 'TDX module of a major version without identity',
    expected: { kind: 'refused', area: 'tdx-module' },
    apply({ td }) {
      setModuleSvn(td, 7, UNKNOWN_MODULE_VERSION);
    },
  },
  {
    id: 'N20',
    differs: 'TD in debug mode',
    expected: { kind: 'refused-by-policy', area: 'debug-td' },
    apply({ td }) {
      td.tdAttributes = withBits(td.tdAttributes, TD_DEBUG);
    },
  },
  {
    id: 'N24',
    differs: 'version 5 with the body of a TD report 1.0 declared as TD report 1.5',
    expected: { kind: 'refused', area: 'quote-format' },
    apply({ quote }) {
      quote.version = 5;
      quote.bodyType = 2;
      quote.declaredBodyType = 3;
    },
  },
  {
    id: 'N25',
    differs: 'QE vendor id other than Intel',
    expected: { kind: 'refused', area: 'quote-format' },
    apply({ quote }) {
      quote.vendorId = simulatedIdentifier('a stranger', 16);
    },
  },
  {
    id: 'N32',
    differs: 'TD report 1.5 of a TD with a service TD: MRSERVICETD is not zero',
    expected: { kind: 'refused-by-policy', area: 'service-td' },
    apply({ quote, td }) {
      quote.version = 5;
      quote.bodyType = 3;
      td.mrServiceTd = simulatedMeasurement('a service TD');
    },
  },
  {
    id: 'N33',
    differs: 'certification data around the QE report declared as a PCK chain',
    expected: { kind: 'refused', area: 'quote-format' },
    apply({ quote }) {
      quote.declaredCertificationType = 5;
    },
  },
];

function withBits(bytes: Uint8Array, bits: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[0] = (changed[0] ?? 0) | bits;
  return changed;
}
